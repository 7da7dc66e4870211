import { type Counts, countDataset, splitsUsed } from "./counts.ts";
import { leaks, nearDuplicates } from "./likeness.ts";
import { normaliseText } from "./ngram.ts";
import { type Dataset, type Example, USER_TYPES } from "./schema.ts";
import { type SplitOptions, type Splits, splitDataset } from "./split.ts";

/** One criterion's verdict on a reply; `pass` is null when it could not be graded. */
export interface CriterionVerdict {
  criterion: string;
  pass: boolean | null;
  reason: string;
}

/** Scores a reply by the example's criteria; injected, because datasets know no assertions. */
export type Grade = (example: Example, reply: string) => CriterionVerdict[] | Promise<CriterionVerdict[]>;

export interface CheckOptions extends SplitOptions {
  /** Criterion names that something can score; any other is an error. Unchecked when absent. */
  criteria?: readonly string[];
  grade?: Grade;
  /** Share of personas that must be held out, 0..1. */
  heldOutShare?: number;
}

export interface Finding {
  severity: "error" | "warning";
  /** Stable name of what was found, for example `LEAK`. */
  code: string;
  /** `file:line`, or the folder. */
  place: string;
  message: string;
}

export interface CheckReport {
  folder: string;
  counts: Counts;
  /** Errors first; within each, in the order of the checks. */
  findings: Finding[];
}

/** Everything that can be said of a dataset without a model. Bad data are findings, not exceptions. */
export async function checkDataset(dataset: Dataset, options: CheckOptions = {}): Promise<CheckReport> {
  const splits = splitDataset(dataset, options);
  const counts = countDataset(dataset, splits);
  const findings = [
    ...checkSplits(dataset, counts, options.heldOutShare ?? 0.2),
    ...checkUserTypes(dataset, counts),
    ...checkCriteria(dataset, options.criteria),
    ...checkLikeness(dataset, splits),
    ...checkReplies(dataset),
    ...(options.grade ? await gradeReplies(dataset, options.grade) : []),
  ];
  const ofSeverity = (severity: Finding["severity"]) =>
    findings.filter((finding) => finding.severity === severity);
  return { folder: dataset.folder, counts, findings: [...ofSeverity("error"), ...ofSeverity("warning")] };
}

const error = (code: string, place: string, message: string): Finding => ({
  severity: "error",
  code,
  place,
  message,
});
const warning = (code: string, place: string, message: string): Finding => ({
  severity: "warning",
  code,
  place,
  message,
});

function checkSplits(dataset: Dataset, counts: Counts, wantedShare: number): Finding[] {
  const { folder } = dataset;
  const findings: Finding[] = [];
  for (const [split, count] of Object.entries(counts.bySplit)) {
    if (count === 0) findings.push(error("EMPTY_SPLIT", folder, `The ${split} split has no example.`));
  }
  const share = counts.personas === 0 ? 0 : counts.heldOut / counts.personas;
  if (share < wantedShare) {
    const message = `${counts.heldOut} of ${counts.personas} personas are held out; at least ${wantedShare * 100} % should be.`;
    findings.push(warning("HELD_OUT_SHARE", folder, message));
  }
  for (const { persona, file } of dataset.personas) {
    const used = splitsUsed(counts.byPersona[persona] ?? { train: 0, validation: 0, test: 0 });
    if (used.length > 1 && used.includes("test")) {
      findings.push(error("PERSONA_LEAK", file, `Persona "${persona}" is both in ${used.join(" and ")}.`));
    }
  }
  return findings;
}

function checkUserTypes(dataset: Dataset, counts: Counts): Finding[] {
  const known: readonly string[] = USER_TYPES;
  return Object.entries(counts.byUserType).flatMap(([userType, { train, validation, test }]) => [
    ...(known.includes(userType)
      ? []
      : [
          warning("USER_TYPE_UNKNOWN", dataset.folder, `User type "${userType}" has no criteria of its own.`),
        ]),
    ...(train > 0
      ? []
      : [warning("UNTRAINED", dataset.folder, `User type "${userType}" is not in training.`)]),
    ...(validation > 0
      ? []
      : [warning("UNVALIDATED", dataset.folder, `User type "${userType}" is not in validation.`)]),
    ...(test > 0
      ? []
      : [warning("UNTESTED", dataset.folder, `User type "${userType}" is not in the sealed test.`)]),
  ]);
}

function checkCriteria(dataset: Dataset, known: readonly string[] | undefined): Finding[] {
  return dataset.examples.flatMap(({ id, place, success_criteria: criteria }) => {
    const unknown = Object.keys(criteria).filter((name) => known !== undefined && !known.includes(name));
    const findings = unknown.map((name) =>
      error("CRITERION_UNKNOWN", place, `${id}: criterion "${name}" is not known.`),
    );
    if (!Object.values(criteria).includes(true)) {
      findings.push(
        error("NO_CRITERION", place, `${id}: no criterion is true, so there is nothing to score.`),
      );
    }
    return findings;
  });
}

function checkLikeness(dataset: Dataset, splits: Splits): Finding[] {
  const split = (example: Example) => splits.get(example.id) ?? "train";
  const crossing = leaks(dataset, splits);
  const told = new Set(crossing.map(({ a, b }) => `${a.id} ${b.id}`));
  return [
    ...crossing.map(({ a, b, why }) =>
      error("LEAK", b.place, `${b.id} (${split(b)}) and ${a.id} (${split(a)}, ${a.place}): ${why}.`),
    ),
    ...nearDuplicates(dataset)
      .filter(({ a, b }) => !told.has(`${a.id} ${b.id}`))
      .map(({ a, b, why }) =>
        warning("NEAR_DUPLICATE", b.place, `${b.id} and ${a.id} (${a.place}) share ${why}.`),
      ),
  ];
}

function checkReplies(dataset: Dataset): Finding[] {
  return dataset.examples.flatMap(({ id, place, good_response: good, bad_response: bad }) => {
    if (good === undefined)
      return [warning("NO_GOOD_RESPONSE", place, `${id}: nobody has written a good_response yet.`)];
    return normaliseText(good) === normaliseText(bad)
      ? [error("SAME_REPLIES", place, `${id}: good_response and bad_response are the same.`)]
      : [];
  });
}

async function gradeReplies(dataset: Dataset, grade: Grade): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const example of dataset.examples) {
    const scored = async (reply: string) =>
      (await grade(example, reply)).filter(({ criterion }) => example.success_criteria[criterion] === true);
    const good = example.good_response === undefined ? [] : await scored(example.good_response);
    const bad = await scored(example.bad_response);
    const { id, place } = example;
    for (const { criterion, reason } of good.filter(({ pass }) => pass === false)) {
      findings.push(error("GOOD_FAILS", place, `${id}: good_response fails ${criterion}: ${reason}`));
    }
    const ungraded = [...good, ...bad].filter(({ pass }) => pass === null).map(({ criterion }) => criterion);
    if (ungraded.length > 0) {
      findings.push(warning("UNGRADED", place, `${id}: not graded: ${[...new Set(ungraded)].join(", ")}.`));
    }
    // What is ungraded may be what the bad reply fails.
    if (bad.every(({ pass }) => pass === true)) {
      findings.push(error("BAD_PASSES", place, `${id}: bad_response fails no criterion that is true.`));
    }
  }
  return findings;
}
