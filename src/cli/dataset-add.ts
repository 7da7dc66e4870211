import { planDatasetAdd } from "../datasets/add-to-dataset.ts";
import { readConversations, writeOutput } from "../datasets/conversation-file.ts";
import { safeLine } from "../library/index.ts";
import { parseSettings } from "../suite/settings.ts";
import { plural } from "./conversations.ts";

export interface DatasetAddOptions {
  from: string;
  dataset: string;
  persona?: string;
  redact: boolean;
  /** Examples that are added at most, the worst conversations first. */
  most?: number;
  dryRun: boolean;
}

/** `dataset add`: flagged turns into training examples. @returns what to print */
export const datasetAdd = async (options: DatasetAddOptions): Promise<string> =>
  (await addFlagged(options)).text;

/** Adds flagged turns. @returns the ids of the examples added, and what to print */
export async function addFlagged({
  from,
  dataset,
  dryRun,
  ...what
}: DatasetAddOptions): Promise<{ ids: string[]; text: string }> {
  const { seed, split } = parseSettings(undefined, {}, dataset);
  const conversations = await readConversations(from);
  const { additions, refused, writes } = await planDatasetAdd(
    dataset,
    { ...what, conversations, today: new Date().toISOString().slice(0, 10) },
    { seed, fractions: split },
  );
  if (!dryRun) for (const { path, text } of writes) writeOutput(path, text, true);
  const where = dryRun
    ? "; nothing is written"
    : writes.length === 0
      ? ""
      : `, in ${writes.map(({ path }) => path).join(", ")}`;
  const lines = [
    `${plural(additions.length, "training example")} ${dryRun ? "would be added" : "added"}${where}`,
    ...additions.map(({ id, provenance }) => `+ ${id}: ${provenance}`),
    ...refused.map(({ item, why }) => `- ${item}: ${why}`),
    ...(refused.length === 0 ? [] : [`${plural(refused.length, "turn")} not added`]),
  ];
  return { ids: additions.map(({ id }) => id), text: lines.map(safeLine).join("\n") };
}
