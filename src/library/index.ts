/** The public entry `promptfoo-grpo/library`: everything an agent or a tool needs to read, use and edit libraries. */
export { type AssignedArm, type ServingRecord, ServingRecordSchema } from "./assignment.ts";
export type { CommitRequest, CommittedLibrary, RejectRequest } from "./commits.ts";
export { type DetectOptions, detectRoute, NO_ROUTE, nextRoute, type RouteState } from "./detection.ts";
export { diffLibraries, formatDiff, type LibraryDiff } from "./diff.ts";
export { emptyLibrary, type LibraryDocument, parseLibrary, printLibrary } from "./document.ts";
export { orderExperiences } from "./edits.ts";
export { GrpoError } from "./error.ts";
export {
  countWords,
  type Experience,
  ExperienceSchema,
  type Limits,
  LimitsSchema,
  normaliseText,
} from "./experience.ts";
export { hashText } from "./files.ts";
export { type EntryNotes, type HistoryEntry, HistoryEntrySchema } from "./history.ts";
export { appendToSystemPrompt, type InjectOptions, injectIntoPrompt } from "./inject.ts";
export { requireWithinLimits } from "./limits.ts";
export { type Finding, lintLibrary } from "./lint.ts";
export type { Look, LookNotes } from "./looks.ts";
export {
  type OpenedLibrary,
  type OpenLibraryOptions,
  openLibrary,
  openLibraryFrom,
  type Served,
  type ServedConversation,
} from "./open-library.ts";
export {
  type AppliedOperation,
  applyOperations,
  effectText,
  type MeasuredEffect,
  type Operation,
  OperationSchema,
  type OperationsResult,
  type RefusalCode,
  type RefusedOperation,
} from "./operations.ts";
export { findOverlap } from "./overlap.ts";
export type { Quarantined, QuarantineNotes } from "./quarantine.ts";
export { estimatedPromptTokens, renderExperiences } from "./render.ts";
export { type Signal, type SpokenTurn, signalsOf } from "./route-signals.ts";
export { COMMON, CRISIS, inPriority, KNOWN_ROUTES, routeOf } from "./routing.ts";
export { type ScreenCode, type ScreenFinding, type ScreenOptions, screenText } from "./screening.ts";
export type { LibraryAddress } from "./state.ts";
export { type LibraryStore, type LoadedLibrary, openLibraryStore, type StoreOptions } from "./store.ts";
export { fileStores, type LibraryStores, type PostgresStoresOptions, postgresStores } from "./stores.ts";
export { safeColumns, safeJson, safeLine, safeText } from "./text.ts";
export { type Budgeted, MAX_INJECTED_TOKENS, type RoutedExperience, withinBudget } from "./token-budget.ts";
export type { LibrarySnapshot, Received } from "./transfer.ts";
export type { WatchOptions } from "./watched-shelf.ts";
