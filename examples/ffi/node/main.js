// SPDX-License-Identifier: MIT
// libcfkit from Node, through the addon that cfkit.c makes.
'use strict';
const assert = require('assert');
const { version, Reference, Top } = require('./cfkit.node');

function page(price) {
  let text = '';
  for (let i = 0; i < 200; i++)
    text += `<li>Article ${i} costs ${i === 42 ? price : (i * 7919) % 1000} cents</li>\n`;
  return Buffer.from(text);
}

console.log(`libcfkit ${version()}`);
const reference = new Reference(page(500));
const patch = reference.encode(page(499));
assert(reference.decode(patch).equals(page(499)));
console.log(`a patch of ${patch.length} bytes for a page of ${page(499).length}`);
try {
  new Reference(Buffer.from('something else')).decode(patch);
} catch (error) {
  console.log(`${error.code}: ${error.message}`);
}
const top = new Top();
for (const word of 'to be or not to be that is to be'.split(' ')) top.add(Buffer.from(word), 1);
for (const { key, lo, hi } of top.list(2)) console.log(`${key} ${lo} ${hi}`);
