import { expect, test } from "bun:test";
import { notConnected } from "../../src/agent/uplink/link_ended.ts";

test.each([
  ["ECONNREFUSED", "Nothing listens at node.example:8000. Start the server"],
  ["ENOTFOUND", "The name node.example does not resolve."],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "does not cover node.example. Add it to server.names"],
  ["CERT_HAS_EXPIRED", "has expired by this machine's clock."],
  ["CERT_NOT_YET_VALID", "is not valid yet by this machine's clock."],
  ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "is not the one that this node has joined"],
  ["INVALID_PURPOSE", "is not the one that this node has joined"],
  ["EPROTO", "does not speak TLS 1.3."],
  [undefined, "No connection to node.example:8000: whatever it was."],
])("a connection that fails with %s: what is wrong, and what to check", (code, sentence) => {
  const message = "WebSocket connection to 'wss://node.example:8000/' failed: whatever it was";
  const ended = notConnected(new URL("wss://node.example:8000/"), { message, ...(code && { code }) });
  expect(ended.message).toContain(sentence);
});
