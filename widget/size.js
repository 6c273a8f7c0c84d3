// What a visitor downloads: node size.js fails above the limit.
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const LIMIT = 60_000;
const file = readFileSync(new URL("dist/frontdesk-chat.js", import.meta.url));
const zipped = gzipSync(file, { level: 9 }).length;
console.log(`frontdesk-chat.js: ${file.length} bytes, ${zipped} gzipped (limit ${LIMIT})`);
if (zipped > LIMIT) process.exit(1);
