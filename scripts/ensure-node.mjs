// The devDependency `node@24` is the runtime of the npm scripts, so that they work where Node is older. npm
// versions that do not run install scripts leave it without its binary; this fetches it the same way.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../node_modules/node/", import.meta.url));
const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
const recent = major > 22 || (major === 22 && minor >= 22);

if (
  existsSync(folder) &&
  !existsSync(`${folder}bin/node`) &&
  !existsSync(`${folder}bin/node.exe`) &&
  !recent
) {
  execFileSync(process.execPath, ["installArchSpecificPackage.js"], { cwd: folder, stdio: "inherit" });
}
