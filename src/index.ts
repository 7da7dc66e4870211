/** What promptfoo finds as `package:promptfoo-grpo:Name`. No default export: it would hide the named ones. */
export { groundTruth } from "./assertions/ground-truth.ts";
export { rubric } from "./assertions/rubric.ts";
export { personaTests } from "./datasets/persona-tests.ts";
export { GrpoError } from "./library/error.ts";
export { ConversationProvider } from "./providers/conversation-provider.ts";
export { ExperienceProvider } from "./providers/experience-provider.ts";
export { LocalModel } from "./providers/local-model/index.ts";
export { conversation } from "./simulation/conversation-assertion.ts";
export { conversationTests } from "./simulation/conversation-tests.ts";
