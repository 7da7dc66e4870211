import { jsonrepair } from "jsonrepair";
import { z } from "zod";
import { askAgain } from "./judge-prompt.ts";

/** What a judge cost, as far as its provider says. */
export interface JudgeUsage {
  total: number;
  prompt: number;
  completion: number;
  cached: number;
  numRequests: number;
}

/** The one seam to a model that scores. */
export interface JudgeModel {
  /** The model's answer to one prompt. Throws when it cannot answer. */
  complete(prompt: string): Promise<string>;
  /** What the calls so far have used, if known. */
  usage?(): JudgeUsage;
}

/** A mark, or why there is none. */
export type Verdict =
  | { graded: true; pass: boolean; score: number; reason: string }
  | { graded: false; reason: string };

const Mark = z.object({ score: z.number().int().min(0).max(10), reason: z.string().trim().min(1) });

/** A criterion is met from 7 of 10. */
const PASS_MARK = 7;

function readMark(answer: string): z.infer<typeof Mark> {
  const start = answer.indexOf("{");
  const end = answer.lastIndexOf("}");
  if (start < 0 || end < start) throw new Error("it contains no JSON object");
  const text = answer.slice(start, end + 1);
  const parsed = Mark.safeParse(parseLeniently(text));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new Error(`${issue?.path.join(".") || "the answer"}: ${issue?.message ?? "invalid"}`);
}

/** Strict first; repaired only when the object was closed, so that a cut answer is not made up. */
function parseLeniently(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return JSON.parse(jsonrepair(text));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Asks for a mark, once more if the answer cannot be used; then it is ungraded, with the reason. Never throws. */
export async function askJudge(model: JudgeModel, prompt: string): Promise<Verdict> {
  let problem = "";
  for (const ask of [prompt, undefined]) {
    let answer: string;
    try {
      answer = await model.complete(ask ?? askAgain(prompt, problem));
    } catch (error) {
      return { graded: false, reason: `the judge failed: ${messageOf(error)}` };
    }
    try {
      const { score, reason } = readMark(answer);
      return { graded: true, pass: score >= PASS_MARK, score: score / 10, reason };
    } catch (error) {
      problem = messageOf(error);
    }
  }
  return { graded: false, reason: `the judge's answer could not be used, twice: ${problem}` };
}
