import type { LibraryDocument } from "./document.ts";

const HEADING = "Write every reply so that it follows each of these guidelines that applies:";

/** What the agent reads: a heading and one numbered line an experience; the empty string for an empty library. */
export function renderExperiences(document: Pick<LibraryDocument, "experiences">): string {
  const lines = document.experiences.map(({ text }, index) => `[${index + 1}] ${text}`);
  return lines.length === 0 ? "" : [HEADING, ...lines].join("\n");
}

/** About how many tokens a library adds to a prompt: four bytes each. A provider's own count is better. */
export const estimatedPromptTokens = (document: Pick<LibraryDocument, "experiences">): number =>
  Math.ceil(Buffer.byteLength(renderExperiences(document)) / 4);
