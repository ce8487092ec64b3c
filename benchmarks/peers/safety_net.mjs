// Decides {"command", "cwd"} lines from stdin with cc-safety-net's library; its folder is the argument.
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';

const { checkCommand } = await import(pathToFileURL(process.argv[2] + '/dist/api.js').href);
console.log(JSON.stringify({ ready: true }));
for await (const line of createInterface({ input: process.stdin })) {
  const began = process.hrtime.bigint();
  let verdict;
  try {
    verdict = checkCommand(JSON.parse(line)).kind;
  } catch {
    verdict = 'deny'; // as its documentation says
  }
  console.log(JSON.stringify({ verdict, us: Number(process.hrtime.bigint() - began) / 1e3 }));
}
