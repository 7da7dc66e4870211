/**
 * What a call of an opened library costs: `node bench/production.ts`. Prints p50 and p99 in microseconds, on the clock
 * and of processor time: on a machine that does other things too, the clock's p99 is theirs.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type OpenLibraryOptions, openLibrary, type SpokenTurn } from "../src/library/index.ts";

const CALLS = 20_000;
const MESSAGES = [
  "so i cant sleep since the session and my wife thinks i should write to somebody about it",
  "it was fine. saw some colors. came home",
  "there is some literature on that, thin, and I have read most of it, which is probably a sign of something in itself",
  "i dont know. maybe. some days are better than the others",
];

function libraries(): string {
  const root = mkdtempSync(join(tmpdir(), "grpo-production-"));
  mkdirSync(join(root, "agent"));
  for (const route of ["common", "crisis", "resistant", "verbose"]) {
    const items = Array.from(
      { length: 20 },
      (_, index) =>
        `- [E${index + 1}] Experience ${index + 1} of the ${route} library, about as long as these are in most libraries.`,
    );
    writeFileSync(
      join(root, "agent", `${route}.md`),
      `---\nagent: agent\nroute: ${route}\nversion: 1\n---\n${items.join("\n")}\n`,
    );
  }
  return root;
}

/** A conversation of so many messages of the person, every one new, as in a server with many conversations. */
function conversation(messages: number, call: number): SpokenTurn[] {
  return Array.from({ length: messages }, (_, index) => [
    ...(index === 0 ? [] : [{ role: "assistant", content: "What was that like for you?" }]),
    { role: "user", content: `${MESSAGES[(index + call) % MESSAGES.length]} ${call}-${index}` },
  ]).flat();
}

function measured(options: OpenLibraryOptions, turnsOf: (call: number) => SpokenTurn[]): string {
  const library = openLibrary(options);
  const times: number[] = [];
  const cpu: number[] = [];
  for (let call = 0; call < CALLS; call++) {
    const turns = turnsOf(call);
    const used = process.cpuUsage();
    const begun = process.hrtime.bigint();
    library.inject("You are a support agent.", { id: `conversation-${call}`, turns });
    times.push(Number(process.hrtime.bigint() - begun) / 1_000);
    const { user, system } = process.cpuUsage(used);
    cpu.push(user + system);
  }
  library.close();
  return `clock ${quantiles(times)}, processor ${quantiles(cpu)}`;
}

function quantiles(values: number[]): string {
  values.sort((a, b) => a - b);
  const at = (share: number): string => (values[Math.floor(share * values.length)] ?? 0).toFixed(1);
  return `p50 ${at(0.5)} p99 ${at(0.99)}`;
}

const root = libraries();
const base = { root, agent: "agent" };
const growing = conversation(20, 0);
const rows: [string, string][] = [
  ["one library", measured(base, () => [])],
  ["one library, watched", measured({ ...base, watch: true }, () => [])],
  [
    "detect, 1 new message",
    measured({ ...base, detect: true, watch: true }, (call) => conversation(1, call)),
  ],
  [
    "detect, message 20 of a conversation that goes on",
    measured({ ...base, detect: true, watch: true }, (call) => [
      ...growing.slice(0, -1),
      { role: "user", content: `${MESSAGES[call % MESSAGES.length]} ${call}` },
    ]),
  ],
  ["detect, 20 new messages at once", measured({ ...base, detect: true }, (call) => conversation(20, call))],
];
rmSync(root, { recursive: true });
for (const [what, figures] of rows) process.stdout.write(`${what.padEnd(52)}${figures}\n`);
