import type { Expected } from "./config.ts";
import { failed, met, type Ruling } from "./criterion.ts";
import { quote } from "./text.ts";

/** The contents of the brace group that opens at `open`, and the index after it; undefined when it never closes. */
function braceGroup(text: string, open: number): { inner: string; end: number } | undefined {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === "{") depth++;
    if (text[i] === "}" && --depth === 0) return { inner: text.slice(open + 1, i), end: i + 1 };
  }
  return undefined;
}

/** Where an answer marks itself as final: the last `\boxed{...}`, else the last `#### ...`; else undefined. */
export function markedAnswer(text: string): string | undefined {
  const boxed = Math.max(text.lastIndexOf("\\boxed{"), text.lastIndexOf("\\fbox{"));
  if (boxed >= 0) return braceGroup(text, text.indexOf("{", boxed))?.inner.trim();
  const hashes = text.lastIndexOf("####");
  if (hashes < 0) return undefined;
  return text
    .slice(hashes + 4)
    .split("\n")[0]
    ?.trim();
}

/** `\frac{a}{b}`, `\dfrac12` to `(a)/(b)`, nested ones too, from the innermost outwards. */
function plainFractions(text: string): string {
  // A whole number before a fraction is a mixed number, not a digit more.
  let out = text.replace(/(\d)(?=\\[dtc]?frac)/gu, "$1 ").replace(/\\[dtc]?frac(\d)(\d)/gu, "($1)/($2)");
  for (let i = 0; i < 8; i++) {
    const next = out.replace(/\\[dtc]?frac\s*\{([^{}]{1,200})\}\s*\{([^{}]{1,200})\}/gu, "($1)/($2)");
    if (next === out) break;
    out = next;
  }
  return out;
}

/** LaTeX decoration, thousands separators and currency taken away. */
function plainMath(text: string): string {
  return plainFractions(text.normalize("NFKC").replaceAll("\u2044", "/"))
    .replace(/\\(?:left|right|displaystyle|,|!|;|:|quad|\s)/gu, "")
    .replace(/\\(?:text|mathrm|mbox|textbf|mathbf)\s*\{([^{}]{0,200})\}/gu, " $1 ")
    .replace(/\\(?:%|\$)/gu, (m) => m.slice(1))
    .replace(/\{,\}/gu, ",")
    .replace(/[$\u20ac\u00a3]/gu, "")
    .replace(/(?<=\d),(?=\d{3}(?!\d))/gu, "")
    .replace(/\u2212/gu, "-")
    .replace(/\\times|\\cdot|\u00d7/gu, "*")
    .replace(/\^\{?\\circ\}?/gu, " ");
}

const NUMBER = String.raw`[-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][-+]?\d{1,3})?`;
const VALUE = new RegExp(
  String.raw`(?<![\w.])(?<sign>[-+] ?)?(?:\(?(?<top>${NUMBER})\)? ?/ ?\(?(?<bottom>${NUMBER})\)?|(?<whole>\d+) \(?(?<n>\d+)\)?/\(?(?<d>\d+)\)?|(?<base>${NUMBER}) ?\* ?10\^\{?(?<exp>[-+]?\d{1,3})\}?|(?<plain>${NUMBER}))`,
  "gu",
);

function numberOf(groups: Readonly<Record<string, string | undefined>>): number {
  const n = (key: string): number => Number(groups[key]);
  const sign = groups["sign"]?.startsWith("-") === true ? -1 : 1;
  if (groups["top"] !== undefined) return (sign * n("top")) / n("bottom");
  if (groups["whole"] !== undefined) return sign * (n("whole") + n("n") / n("d"));
  if (groups["base"] !== undefined) return sign * n("base") * 10 ** n("exp");
  return sign * n("plain");
}

/** Every number in a text, in order; fractions, mixed numbers and powers of ten are one number each. */
function numbersIn(text: string): number[] {
  const found = Array.from(plainMath(text).matchAll(VALUE), (m) => numberOf(m.groups ?? {}));
  return found.filter((value) => Number.isFinite(value));
}

/** The number that a reply gives as its answer: the marked one, else the one after "answer is", else the last. */
export function finalNumber(reply: string): number | undefined {
  const marked = markedAnswer(reply);
  if (marked !== undefined) return numbersIn(marked).at(-1);
  const said = reply.toLowerCase().lastIndexOf("answer is");
  if (said >= 0) {
    const first = numbersIn(reply.slice(said + 9).split(/\n|\.(?:\s|$)/u)[0] ?? "")[0];
    if (first !== undefined) return first;
  }
  return numbersIn(reply).at(-1);
}

function list(expected: Expected): string[] {
  return (Array.isArray(expected) ? expected : [expected]).map(String);
}

/** One form for comparing by text: case, spaces, LaTeX decoration and a last full stop do not count. */
function normal(text: string): string {
  return plainMath(text)
    .toLowerCase()
    .replace(/\s+/gu, " ")
    .replace(/\s*([()[\]{},;=+*/^-])\s*/gu, "$1")
    .replace(/[.!]+$/u, "")
    .trim();
}

/** The reply (or the part that it marks as its answer) is one of the expected texts. */
export function exact(reply: string, expected: Expected): Ruling {
  const given = markedAnswer(reply) ?? reply;
  const wanted = list(expected);
  const isSame = wanted.some((one) => normal(one) === normal(given));
  return isSame
    ? met(`the answer is ${quote(given)}.`)
    : failed(`the answer is ${quote(given)}, expected ${quote(wanted.join(" or "))}.`);
}

/** The expected texts occur in the reply as whole words, all of them. */
export function contains(reply: string, expected: Expected): Ruling {
  const text = ` ${normal(reply).replace(/[^\p{L}\p{N}]+/gu, " ")} `;
  const missing = list(expected).find(
    (one) =>
      !text.includes(
        ` ${normal(one)
          .replace(/[^\p{L}\p{N}]+/gu, " ")
          .trim()} `,
      ),
  );
  return missing === undefined
    ? met(`contains ${quote(list(expected).join(", "))}.`)
    : failed(`does not contain ${quote(missing)}.`);
}

/** The expected numbers, or undefined when one of them is none. */
export function expectedNumbers(expected: Expected): number[] | undefined {
  const numbers = list(expected).map((one) => finalNumber(one));
  return numbers.every((n) => n !== undefined) ? numbers : undefined;
}

/** The reply's final number is within `tolerance` (absolute, default a relative 1e-9) of an expected one. */
export function numeric(reply: string, expected: readonly number[], tolerance?: number): Ruling {
  const given = finalNumber(reply);
  if (given === undefined) return failed(`gives no number, expected ${expected.join(" or ")}.`);
  const isNear = expected.some(
    (one) => Math.abs(one - given) <= (tolerance ?? 1e-9 * Math.max(1, Math.abs(one))),
  );
  return isNear
    ? met(`the number is ${given}.`)
    : failed(`the number is ${given}, expected ${expected.join(" or ")}.`);
}
