/** Parts of a page that come later. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { ApiError } from "../../app/static/js/api.js";
import { later } from "../../app/static/js/later.js";

test("a part is fetched once however often it is asked for", async () => {
  let n = 0;
  const part = later(async () => ({ number: (n += 1) }));
  assert.equal(part.now(), null);
  const [one, other] = await Promise.all([part.fetched(), part.fetched()]);
  assert.equal(one, other);
  assert.deepEqual([n, part.now()?.number], [1, 1]);
});

test("what is there is used at once, what is not there when it has come", async () => {
  const part = later(async () => "there");
  const told = [];
  part.use((got) => told.push(`${got}, late`));
  assert.deepEqual(told, []);
  await part.fetched();
  part.use((got) => told.push(`${got}, at once`));
  assert.deepEqual(told.sort(), ["there, at once", "there, late"]);
});

test("a part that the server could not give is asked for again, and the refusal is one of the server", async ({ mock }) => {
  mock.timers.enable({ apis: ["setTimeout"] }); // a server that is gone is asked for again in a while
  let n = 0;
  const part = later(async () => {
    if ((n += 1) === 1) throw new TypeError("Failed to fetch dynamically imported module");
    return "there";
  });
  await assert.rejects(part.fetched(), (error) => error instanceof ApiError && error.status === 0);
  assert.equal(part.now(), null);
  assert.equal(await part.fetched(), "there");
});

test("a fault of our own is not taken for a server that is gone", async () => {
  const part = later(async () => { throw new RangeError("ours"); });
  await assert.rejects(part.fetched(), RangeError);
});
