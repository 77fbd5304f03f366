// The main module of the test's Worker: hands the question to the Wasm and the answer back.
import module from "./judge_bg.wasm";
import { initSync, judge } from "./judge.js";

initSync({ module });

export default {
  async fetch(request) {
    return new Response(await judge(await request.text()));
  },
};
