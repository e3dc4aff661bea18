// Renders formulas for docs/tools/math.py: one JSON line in, one JSON line out.
import { createInterface } from "node:readline";
import katex from "katex";

for await (const line of createInterface({ input: process.stdin })) {
  const { tex, display } = JSON.parse(line);
  let reply;
  try {
    // strict: a formula that LaTeX itself would not take must not slip through.
    reply = { html: katex.renderToString(tex, { displayMode: display, strict: "error" }) };
  } catch (error) {
    reply = { error: error.message };
  }
  process.stdout.write(JSON.stringify(reply) + "\n");
}
