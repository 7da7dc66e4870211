import { fileURLToPath } from "node:url";
import { personaTests } from "promptfoo-grpo";

const folder = fileURLToPath(new URL("./personas", import.meta.url));

/** Every example of every persona as a promptfoo test; the split is in its metadata. */
export default function tests(config = {}) {
  return personaTests(folder, config);
}
