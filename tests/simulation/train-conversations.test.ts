import { beforeEach, describe, expect, it, vi } from "vitest";
import { runCommandLine } from "../../src/cli/program.ts";
import { openLibraryStore } from "../../src/library/index.ts";
import { conversationProject } from "./simulated.ts";

beforeEach(() => {
  vi.spyOn(process.stdout, "write").mockImplementation(() => true);
});

describe("training on conversations", () => {
  it("learns from the telling turn, and commits what passes the gate", async () => {
    const space = conversationProject();
    expect(await runCommandLine(["train", "--display", "none"])).toBe(0);
    const library = await openLibraryStore({ root: "experiences", agent: "talker", route: "common" }).load();
    expect(library.document.experiences.map(({ text }) => text).join(" ")).toContain("never advise");
    const read = space.read("learner.jsonl");
    expect(read).toContain("You should go for a walk.");
    expect(read).not.toContain("[[client]]");
    // Of a failed reply the learner sees the turn, not the transcript.
    expect(read).not.toContain("simulated · persona");
  });
});
