export type { LocalModelConfig } from "./config.ts";
export { closeLocalModels } from "./engine/shared.ts";
export { LocalModel } from "./local-model.ts";
export { type EnsureWeightsOptions, ensureWeights } from "./weights/ensure.ts";
export { describeModelPlan, type ModelPlan } from "./weights/plan.ts";
export type { WeightsProgress } from "./weights/progress.ts";
