import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { personaTests } from "promptfoo-grpo";

const folder = fileURLToPath(new URL("../../datasets/integro/personas", import.meta.url));

/** How many examples of each user type a five-minute run can afford. */
const SHARE = {
  train: { general: 2, resistant: 1, verbose: 2, crisis: 3 },
  validation: { general: 2, resistant: 2, verbose: 2, crisis: 3 },
  test: { general: 4, resistant: 3, verbose: 3, crisis: 4 },
};

/**
 * Number of the sealed draw. It changes when replies to held-out questions were read while settings were still
 * open: this one shares no question with the draws before it.
 */
const SEALED_DRAW = 4621;
const byHash = ({ metadata: { id, split } }) =>
  createHash("sha256")
    .update(split === "test" ? `${SEALED_DRAW} ${id}` : id)
    .digest("hex");
const kindOf = (test) => {
  const criteria = test.metadata.success_criteria;
  if (criteria["names-crisis-line"] === true) return "crisis";
  return test.metadata.userTypes.find((type) => type !== "crisis") ?? "general";
};

/** A fixed small draw from each split: by the hash of their id, so nobody picked them. */
export default async function tests() {
  const sorted = (await personaTests(folder)).sort((a, b) => (byHash(a) < byHash(b) ? -1 : 1));
  return Object.entries(SHARE).flatMap(([split, kinds]) =>
    Object.entries(kinds).flatMap(([kind, count]) =>
      sorted.filter((test) => test.metadata.split === split && kindOf(test) === kind).slice(0, count),
    ),
  );
}
