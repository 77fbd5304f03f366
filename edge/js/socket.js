// A WebSocket between a client and the app, for as long as the session that opened it lasts.
import * as gate from "./instance.js";

/** How often the session is looked at, in milliseconds. */
const EVERY = 1_000;

/** How much may wait for an end that reads slowly, in bytes: the platform reads on from the other all the same. */
const MOST = 16 << 20;

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
  pass(ours, app, end, context);
  pass(app, ours, end, context);

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
function pass(from, to, end, context) {
  let late = 0;
  from.addEventListener("message", ({ data }) => {
    try {
      to.send(data);
      if (to.bufferedAmount > MOST) {
        end();
        close(to, 1013, "too slow");
        close(from, 1013, "too slow");
      }
    } catch {
      // Who is told that it is over and goes on all the same is cut off.
      if ((late += data.byteLength ?? data.length) > MOST) context.abort?.();
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
