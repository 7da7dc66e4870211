/** As `engines` in package.json has it. */
const NEEDED = [22, 22] as const;

/**
 * What to say where Node.js is too old: npm warns of it once, when the package is installed, and then an import fails
 * without a word of why. Undefined where it will do.
 */
export function nodeComplaint(version: string): string | undefined {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) return undefined;
  return `USAGE: promptfoo-grpo needs Node.js ${NEEDED.join(".")} or newer, and this is ${version}. Update it, or \`npm i -D node@24\`: npx and npm scripts use that one then.`;
}
