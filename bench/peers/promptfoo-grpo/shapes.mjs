// Our learner's prompts, for another mock model of the same task: --shapes <this file>. Needs a Node.js that strips types.
export { SHAPES } from "../../mock/shapes.ts";
