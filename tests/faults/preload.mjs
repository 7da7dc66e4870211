// Loaded into the program by `node --import`, in the harness alone: numbers its writes below a folder by what is
// written, and ends the process by SIGKILL before, in the middle of, or after one of them.
import fs from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { resolve } from "node:path";
import sqlite from "node:sqlite";

const { root, die, log } = JSON.parse(process.env.GRPO_WRITE_POINTS ?? "{}");
const real = { ...fs };
const counts = new Map();
const files = new Map();
const kill = () => process.kill(process.pid, "SIGKILL");

const nameOf = (path) => {
  const text = resolve(String(path));
  if (!text.startsWith(`${root}/`) || text.startsWith(`${root}/.promptfoo`)) return undefined;
  return text
    .slice(root.length + 1)
    .replace(/\d{8}-\d{9}-[0-9a-f]{6}/, "<run>")
    .replace(/[0-9a-f]{16}\.sqlite/, "<lock>.sqlite")
    .replace(/\.\d+(\.\d+)?$/, ".<pid>");
};

/** Runs a write as the point of this name; `half` does its first half. */
function point(name, write, half) {
  if (name === undefined) return write();
  const nth = (counts.get(name) ?? 0) + 1;
  counts.set(name, nth);
  if (log) real.appendFileSync(log, `${JSON.stringify({ name, nth, torn: half !== undefined })}\n`);
  const here = die?.name === name && die.nth === nth;
  if (here && die.when === "before") kill();
  if (here && die.when === "torn") {
    half?.();
    kill();
  }
  const result = write();
  if (here && die.when === "after") kill();
  return result;
}

fs.openSync = (path, flags, ...rest) => {
  const writes = /[wa+]/.test(String(flags ?? "r"));
  const open = () => real.openSync(path, flags, ...rest);
  const file = writes && nameOf(path) ? point(`open ${nameOf(path)}`, open) : open();
  if (writes) files.set(file, path);
  return file;
};
fs.writeFileSync = (file, data, ...rest) => {
  const name = nameOf(typeof file === "number" ? (files.get(file) ?? "") : file);
  return point(
    name && `write ${name}`,
    () => real.writeFileSync(file, data, ...rest),
    () => real.writeFileSync(file, String(data).slice(0, String(data).length / 2), ...rest),
  );
};
for (const call of ["renameSync", "unlinkSync", "linkSync", "mkdirSync"]) {
  fs[call] = (path, ...rest) => {
    const name = nameOf(call === "mkdirSync" || call === "unlinkSync" ? path : rest[0]);
    return point(name && `${call.slice(0, -4)} ${name}`, () => real[call](path, ...rest));
  };
}
const { writeFile, mkdir } = fs.promises;
fs.promises.writeFile = (path, data, ...rest) => {
  const name = nameOf(path);
  return point(
    name && `write ${name}`,
    () => writeFile(path, data, ...rest),
    () => real.writeFileSync(path, String(data).slice(0, String(data).length / 2)),
  );
};
fs.promises.mkdir = (path, ...rest) => {
  const name = nameOf(path);
  return point(name && `mkdir ${name}`, () => mkdir(path, ...rest));
};

const { exec, prepare } = sqlite.DatabaseSync.prototype;
const verb = (sql) => /^\s*(INSERT OR IGNORE INTO|INSERT INTO|UPDATE|BEGIN \w+)\s*(\w*)/.exec(sql);
sqlite.DatabaseSync.prototype.exec = function (sql) {
  const found = verb(sql);
  return point(found ? `exec ${found[1]} ${found[2]}`.trim() : undefined, () => exec.call(this, sql));
};
sqlite.DatabaseSync.prototype.prepare = function (sql) {
  const statement = prepare.call(this, sql);
  const found = /journal|results|failures/.test(sql) ? verb(sql) : null;
  if (!found) return statement;
  const run = statement.run.bind(statement);
  statement.run = (...values) => point(`run ${found[1]} ${found[2]}`, () => run(...values));
  return statement;
};
syncBuiltinESMExports();
