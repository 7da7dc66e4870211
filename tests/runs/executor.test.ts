import { describe, expect, it } from "vitest";
import { embeddedExecutor, TaskFailed } from "../../src/runs/executor.ts";
import { memoryJournal } from "../../src/runs/journal.ts";
import type { Task } from "../../src/runs/task.ts";

const task: Task = { stage: "rollout", prompt: "hi" };

describe("the embedded executor", () => {
  it("answers a known task from the journal, also in a later process", async () => {
    const journal = memoryJournal();
    let calls = 0;
    const work = async () => ({ reply: `call ${++calls}` });
    const first = await embeddedExecutor(journal).exec(task, work);
    expect(await embeddedExecutor(journal).exec({ prompt: "hi", stage: "rollout" }, work)).toEqual(first);
    expect(calls).toBe(1);
  });

  it.each([null, false, 0, ""])("takes %j for a result like any other", async (result) => {
    const journal = memoryJournal();
    const executor = embeddedExecutor(journal);
    await executor.exec(task, async () => result);
    expect(await executor.exec(task, async () => "again")).toBe(result);
  });

  it("runs equal tasks in flight once, and unequal ones side by side", async () => {
    const journal = memoryJournal();
    const executor = embeddedExecutor(journal);
    const release = Promise.withResolvers<void>();
    const started: string[] = [];
    const run = (prompt: string) =>
      executor.exec({ ...task, prompt }, async () => {
        started.push(prompt);
        await release.promise;
        return prompt;
      });
    const all = Promise.all([run("a"), run("a"), run("b"), run("a")]);
    release.resolve();
    expect(await all).toEqual(["a", "a", "b", "a"]);
    expect(started).toEqual(["a", "b"]);
    expect(journal.size).toBe(2);
  });

  it("records a result before anyone uses it", async () => {
    const inner = memoryJournal();
    const recorded = Promise.withResolvers<void>();
    const executor = embeddedExecutor({
      ...inner,
      record: async (...entry) => recorded.promise.then(() => inner.record(...entry)),
    });
    let used = false;
    const pending = executor
      .exec(task, async () => "paid")
      .then(() => {
        used = true;
      });
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(used).toBe(false);
    recorded.resolve();
    await pending;
    expect(inner.size).toBe(1);
  });

  it("does not record a failure: everyone in flight hears of it, and the task can be tried again", async () => {
    const journal = memoryJournal();
    const executor = embeddedExecutor(journal);
    const failing = () => executor.exec(task, () => Promise.reject(new Error("broken")));
    const outcomes = await Promise.allSettled([failing(), failing()]);
    expect(outcomes.map((one) => one.status)).toEqual(["rejected", "rejected"]);
    expect(journal.size).toBe(0);
    expect(await executor.exec(task, async () => "mended")).toBe("mended");
  });

  describe("asked ahead", () => {
    const failed = () => Promise.reject(new TaskFailed("no answer"));
    const watched = (willFail = false) => {
      const noted: string[] = [];
      const journal = {
        ...memoryJournal(),
        willFail: () => willFail,
        fail: async (_id: string, _task: Task, reason: string) => void noted.push(reason),
      };
      return { noted, executor: embeddedExecutor(journal) };
    };

    it("notes no failure: whoever needs the answer asks anew", async () => {
      const { noted, executor } = watched();
      await expect(executor.exec(task, failed, "ahead")).rejects.toThrow("no answer");
      expect(noted).toEqual([]);
      expect(await executor.exec(task, async () => "answer")).toBe("answer");
    });

    it("notes a failure once where somebody waited for the same answer", async () => {
      const { noted, executor } = watched();
      const all = [
        executor.exec(task, failed, "ahead"),
        executor.exec(task, failed),
        executor.exec(task, failed),
      ];
      await Promise.allSettled(all);
      expect(noted).toEqual(["no answer"]);
    });

    it("leaves a failure that a resumed run has to meet again to the one who met it", async () => {
      const { executor } = watched(true);
      let asked = 0;
      const work = async () => ++asked;
      await expect(executor.exec(task, work, "ahead")).rejects.toThrow(TaskFailed);
      expect(asked).toBe(0);
    });

    it("gives its answer to whoever needs it", async () => {
      const { executor } = watched();
      const ahead = executor.exec(task, async () => "paid once", "ahead");
      expect(await executor.exec(task, async () => "paid twice")).toBe("paid once");
      expect(await ahead).toBe("paid once");
    });
  });
});
