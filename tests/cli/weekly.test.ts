import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ProposalSchema } from "../../src/optimizer/proposal.ts";
import { commandLine } from "../support/command-line.ts";
import { badConversation, goodConversation, jsonl, weeklyFolder } from "../support/weekly-folder.ts";
import type { Workspace } from "../support/workspace.ts";

const run = (space: Workspace, line: string) =>
  commandLine([...line.split(" "), "--display", "none"], space.folder);
const library = (space: Workspace, line: string) =>
  commandLine(["library", ...line.split(" "), "--agent", "x", "--reason", "read by Dana"], space.folder);
const proposals = (space: Workspace): string[] => readdirSync(join(space.folder, ".grpo/proposals"));
const pathOf = (space: Workspace): string => `.grpo/proposals/${proposals(space).at(-1)}`;
const proposalOf = (space: Workspace) =>
  ProposalSchema.parse(JSON.parse(space.read(`${pathOf(space)}/proposal.json`)));
const calls = (space: Workspace): string[] => space.read("calls.log").trim().split("\n");
const LIBRARY = "experiences/x/common.md";

describe("the weekly loop on a log", () => {
  it("flags, adds, learns, judges and leaves a proposal, and the library as it was", async () => {
    const space = weeklyFolder();
    const ended = await run(space, "weekly --log week.jsonl");
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toContain("PROVEN  proposal is better than baseline");
    expect(Object.keys(space.snapshot())).not.toContain(LIBRARY);
    expect(proposalOf(space)).toMatchObject({
      agent: "x",
      base: { version: 0, hash: null },
      operations: [{ op: "ADD", text: "End every reply with a question that starts with What or How." }],
      gate: { verdict: "proven", exitCode: 0 },
      conversations: { all: 3, flagged: 2 },
      status: "open",
    });
    const proposal = space.read(`${pathOf(space)}/proposal.md`);
    for (const words of ["**PROVEN** on held-out", "added `E1`", "## Evidence", "`c1`", "library accept"])
      expect(proposal).toContain(words);
    expect(space.read("personas/ann.yaml")).toMatch(/added: "?\d{4}-\d\d-\d\d/);
  });

  it("reads the sealed test once, at its gate", async () => {
    const space = weeklyFolder();
    await run(space, "weekly --log week.jsonl");
    const sealed = calls(space).filter((one) => one.includes("the mountain has been"));
    expect(sealed).toHaveLength(2);
    const history = space.read("experiences/x/common.history.jsonl").trim().split("\n");
    expect(history.map((line) => JSON.parse(line).status)).toEqual(["look"]);
  });

  it.each<[string, unknown[], string]>([
    ["nothing bad happened", [goodConversation("g1")], "no conversation is flagged"],
    [
      "what is bad is of a held-out persona",
      [badConversation("h1", ["the fog", "a wall"], "ben")],
      "no flagged turn could become an example",
    ],
  ])("has nothing to propose where %s, with exit code 0", async (_what, log, why) => {
    const space = weeklyFolder();
    space.write("week.jsonl", jsonl(log));
    const before = space.read("personas/ann.yaml") + space.read("personas/ben.yaml");
    const ended = await run(space, "weekly --log week.jsonl");
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toContain(`NOTHING TO PROPOSE: ${why}`);
    expect(space.read("personas/ann.yaml") + space.read("personas/ben.yaml")).toBe(before);
    expect(Object.keys(space.snapshot())).not.toContain("calls.log");
  });

  it("exits as the gate does when nothing is proven", async () => {
    const space = weeklyFolder();
    // Held-out examples that are too few to prove anything.
    const ben = space.read("personas/ben.yaml").split("  - id: ben-12")[0] ?? "";
    space.write("personas/ben.yaml", ben);
    const ended = await run(space, "weekly --log week.jsonl");
    expect(ended.code).toBe(2);
    expect(proposalOf(space).gate).toMatchObject({ verdict: "not proven", exitCode: 2 });
  });

  it("goes on where it was cut off: nothing is added or paid for twice", async () => {
    const whole = weeklyFolder();
    await run(whole, "weekly --log week.jsonl");
    const space = weeklyFolder({ maxCalls: 12 });
    const cut = await run(space, "weekly --log week.jsonl");
    expect(cut.code).toBe(4);
    const persona = space.read("personas/ann.yaml");
    space.write("promptfooconfig.yaml", JSON.parse(whole.read("promptfooconfig.yaml")));
    const ended = await run(space, "weekly --resume");
    expect(ended).toMatchObject({ code: 0 });
    expect(space.read("personas/ann.yaml")).toBe(persona);
    expect(proposalOf(space).candidate).toEqual(proposalOf(whole).candidate);
    expect(proposals(space)).toHaveLength(1);
    expect(calls(space).length).toBe(calls(whole).length);
    const again = await run(space, "weekly --resume");
    expect(again.code).toBe(3);
    expect(again.stderr).toContain("NO_RUN_TO_RESUME");
  });

  it("asks nothing in a dry run", async () => {
    const space = weeklyFolder();
    const ended = await run(space, "weekly --log week.jsonl --dry-run");
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(ended.stdout).toMatch(/TRAIN[\s\S]*nothing was called[\s\S]*GATE/);
    expect(Object.keys(space.snapshot()).filter((path) => path.startsWith(".grpo/proposals"))).toEqual([]);
  });
});

describe("a person decides", () => {
  async function proposed(): Promise<Workspace> {
    const space = weeklyFolder();
    await run(space, "weekly --log week.jsonl");
    return space;
  }

  it("accepted, it is the library's next version, with what it rests on", async () => {
    const space = await proposed();
    const ended = await library(space, `accept ${pathOf(space)}`);
    expect(ended).toMatchObject({ code: 0, stderr: "" });
    expect(space.read(LIBRARY)).toContain("- [E1] End every reply with a question");
    const entry = JSON.parse(
      space.read("experiences/x/common.history.jsonl").trim().split("\n").at(-1) ?? "",
    );
    expect(entry).toMatchObject({ status: "accepted", version: 1, gate: { verdict: "proven" } });
    expect(entry.reason).toContain("read by Dana");
    expect(entry.evidence.length).toBeGreaterThan(0);
    const again = await library(space, `accept ${pathOf(space)}`);
    expect(again.stderr).toContain("PROPOSAL_CLOSED");
  });

  it("rejected, it is remembered and not made again", async () => {
    const space = await proposed();
    expect((await library(space, `reject ${pathOf(space)}`)).code).toBe(0);
    expect(Object.keys(space.snapshot())).not.toContain(LIBRARY);
    space.write(
      "week.jsonl",
      jsonl([
        badConversation("d1", ["a lost key", "the neighbour"]),
        badConversation("d2", ["the market", "a fall"]),
      ]),
    );
    const ended = await run(space, "weekly --log week.jsonl");
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("NOTHING TO PROPOSE");
  });

  it("over a library that somebody changed, nothing is written and both changes are shown", async () => {
    const space = await proposed();
    const edited = "---\nagent: x\nroute: common\nversion: 1\n---\n- [E1] Be kind.\n";
    space.write(LIBRARY, edited);
    const ended = await library(space, `accept ${pathOf(space)}`);
    expect(ended.code).toBe(5);
    expect(ended.stderr).toMatch(/LIBRARY_CONFLICT[\s\S]*Be kind[\s\S]*End every reply/);
    expect(space.read(LIBRARY)).toBe(edited);
  });

  it.each([
    [
      "that is none",
      (space: Workspace) => rmSync(join(space.folder, pathOf(space), "proposal.json")),
      "PROPOSAL_NOT_FOUND",
    ],
    [
      "whose text was changed",
      (space: Workspace) =>
        space.write(
          `${pathOf(space)}/proposal.json`,
          space.read(`${pathOf(space)}/proposal.json`).replace("What or How", "Who"),
        ),
      "PROPOSAL_INVALID",
    ],
  ])("a proposal %s is refused", async (_what, spoil, code) => {
    const space = await proposed();
    spoil(space);
    const ended = await library(space, `accept ${pathOf(space)}`);
    expect(ended).toMatchObject({ code: 3 });
    expect(ended.stderr).toContain(code);
  });
});
