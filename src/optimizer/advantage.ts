import type { LibraryDocument, Operation } from "../library/index.ts";
import type { Group } from "./groups.ts";

/** What rollouts taught, in words, with the examples that show it. */
export interface Advantage {
  text: string;
  exampleIds: readonly string[];
  /** Every example whose rollouts led to it; absent: those that show it. */
  support?: readonly string[];
  /** The criterion it is about, where the form works by criterion. */
  criterion?: string;
  /** It is about a must-pass criterion. */
  must?: boolean;
  /** The texts of those that it stands for, where it was made of several. */
  mergedFrom?: readonly string[];
  /** Which of several independent wordings this is, 0-based. */
  draw: number;
}

/** The operations of one whole candidate library, and where changed experiences stand. */
export interface Proposal {
  operations: readonly Operation[];
  /** What each operation is about, in the order of `operations`. */
  about: readonly {
    criterion?: string;
    must?: boolean;
    exampleIds: readonly string[];
    support?: readonly string[];
    /** The texts of the advantages that it was made from. */
    taughtBy?: readonly string[];
  }[];
  /** Experiences that move to the front, by id. */
  front?: readonly string[];
}

/** A candidate library that was rolled out on training examples. */
export interface Screened {
  document: LibraryDocument;
  proposal: Proposal;
  groups: readonly Group[];
  reward: number | null;
}

/** A learner reply that could not be used: kept with its reason, never dropped. */
export interface FailedReflection {
  what: string;
  reason: string;
}

/**
 * A form of the semantic advantage: how groups become words, and words become candidate libraries.
 * `principles` is the paper's; `contrast` works by criterion and suits small learners.
 */
export interface Reflection {
  readonly failures: FailedReflection[];
  /** What is compared on training before the gate: whole candidates, or the operations of one. */
  readonly compares: "candidates" | "operations";
  /** Rollouts with which a group begins; it is filled up where they leave open what there is to learn. */
  readonly firstRollouts: number;
  /** What one group taught; called as soon as the group is complete. */
  ofGroup(group: Group, library: LibraryDocument): Promise<Advantage[]>;
  /** What the step's groups taught together. */
  ofStep(groups: readonly Group[], library: LibraryDocument): Promise<Advantage[]>;
  /** Up to `count` whole candidates. */
  propose(library: LibraryDocument, advantages: readonly Advantage[], count: number): Promise<Proposal[]>;
  /** A candidate made of the best parts of those that were compared, if that says anything new. */
  combine(library: LibraryDocument, screened: readonly Screened[]): Proposal | undefined;
  /** New wordings for what is still lost under a candidate, from replies written under it. */
  refine(best: Screened, round: number, screened: readonly Screened[]): Promise<Proposal[]>;
}
