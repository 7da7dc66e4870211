#!/usr/bin/env node
import { keepCompiledCode } from "./compiled-code.ts";
import { nodeComplaint } from "./node-version.ts";

const tooOld = nodeComplaint(process.versions.node);
if (tooOld !== undefined) {
  process.stderr.write(`\n${tooOld}\n`);
  process.exit(3);
}

// Before anything else is loaded: of what stands here in imports nothing is kept.
keepCompiledCode();
const { complain } = await import("./output.ts");
const { reported, runCommandLine } = await import("./program.ts");

// undici announces an experimental interceptor at every start; other warnings are shown as usual.
process.removeAllListeners("warning");
process.on("warning", (warning) => {
  if (warning.name !== "ExperimentalWarning") complain(`${warning.name}: ${warning.message}\n`);
});
// A reader that has seen enough (`gate | head`) closes the pipe: that says nothing of the verdict.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
  });
}
// Node.js would exit with 1, which CI would read as a regression.
process.on("uncaughtException", (error) => process.exit(reported(error)));
process.exitCode = await runCommandLine(process.argv.slice(2));
// A call that was given up may hold its connection open for minutes; it must not hold the process.
setTimeout(() => process.exit(), 1500).unref();
