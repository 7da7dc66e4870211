import { applyOperations } from "../../src/library/operations.ts";
import { fileStores, postgresStores } from "../../src/library/stores.ts";

/** What a process of its own is asked for: so many versions of one library, each on what the others made. */
export interface CommitTask {
  where: { root: string } | { url: string };
  name: string;
  commits: number;
}

/** `node tests/support/commit-many.ts '{"where":...}'`: commits, and tries again where another was faster. */
async function commitMany({ where, name, commits }: CommitTask): Promise<void> {
  const stores = "root" in where ? fileStores(where.root) : postgresStores(where);
  const store = stores.open({ agent: "integro", route: "common" });
  for (let n = 1; n <= commits; ) {
    const { document, hash } = await store.load();
    const text = `Word ${n} of ${name}.`;
    const next = applyOperations(document, [{ op: "ADD", text }], { maxExperiences: 100, maxWords: 32 });
    try {
      await store.commit({
        document: next.document,
        expectedParentHash: hash,
        entry: { author: "train", reason: text },
      });
      n++;
    } catch (error) {
      if (!(error instanceof Error) || !("code" in error) || error.code !== "LIBRARY_CONFLICT") throw error;
    }
  }
  await stores.close();
}

const [task] = process.argv.slice(2);
if (task !== undefined && import.meta.main) await commitMany(JSON.parse(task) as CommitTask);
