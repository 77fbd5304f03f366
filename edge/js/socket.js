// A WebSocket between a client and the app, for as long as the session that opened it lasts.
import * as gate from "./instance.js";

/** How often the session is looked at, in milliseconds. */
const EVERY = 1_000;

/** How much may wait for an end that reads slowly, in bytes: the platform reads on from the other all the same. */
const MOST = 16 << 20;

/** How long an end that reads slowly may take to hear that it is over, in milliseconds: all that waits is kept. */
const GRACE = 10_000;

/** Hands the app's socket, if it opened one, to the client, by way of us. */
export function watch(app, response, id, env, context) {
  if (!app) {
    gate.forget(id);
    return response;
  }
  const { 0: client, 1: ours } = new WebSocketPair();
  ours.binaryType = app.binaryType = "arraybuffer";
  ours.accept();
  app.accept();
  let open = true;
  const end = () => {
    if (open) gate.forget(id);
    open = false;
  };
  // Both connections break off.
  const abort = () => context.abort?.();
  pass(ours, app, end, abort);
  pass(app, ours, end, abort);

  const look = async () => {
    if (!open) return;
    const verdict = await gate.stillGood(id, env).catch(() => "1013 the gate started afresh");
    if (!open) return;
    if (verdict === "") return void setTimeout(look, EVERY);
    const [code, reason] = [Number(verdict.slice(0, 4)), verdict.slice(5)];
    end();
    close(ours, code, reason);
    close(app, code, reason);
  };
  setTimeout(look, EVERY);
  return new Response(null, { status: 101, headers: response.headers, webSocket: client });
}

/** Whatever comes from one goes to the other. */
function pass(from, to, end, abort) {
  let late = -1;
  from.addEventListener("message", ({ data }) => {
    // Who was told that nobody reads it and goes on all the same.
    if (late >= 0) {
      late += data.byteLength ?? data.length;
      return late > MOST && abort();
    }
    try {
      // What waits already: one message may be larger.
      if (to.bufferedAmount <= MOST) return to.send(data);
      late = 0;
      end();
      close(to, 1013, "too slow");
      close(from, 1013, "too slow");
      setTimeout(abort, GRACE);
    } catch {
      close(from, 1001, "");
    }
  });
  from.addEventListener("close", ({ code, reason }) => {
    end();
    close(to, code, reason);
    close(from, code, reason);
  });
  from.addEventListener("error", () => {
    end();
    close(to, 1011, "");
  });
}

/** Codes that only report what happened cannot be sent (RFC 6455 §7.4.1). */
function close(socket, code, reason) {
  try {
    if ([1005, 1006, 1015].includes(code)) socket.close();
    else socket.close(code, reason);
  } catch {
    // Some other code that cannot be sent, or it was closed before.
    try {
      socket.close();
    } catch {}
  }
}
