// The button arms after 500 ms in which this window was visible, focused and free of presses, and
// a sign of life: movement to other screen coordinates, a touch, or a fresh key press. What a page
// that opens this window over itself could carry into it (the second half of a double click, a
// held key, the pointer event of a window that appears under a still mouse) is none of these.
(() => {
  const QUIET = 500;
  const yes = document.getElementById("yes");
  const coarse = matchMedia("(pointer: coarse)").matches;
  let quietSince = Infinity;
  let alive = false;
  let ready = false; // as it was when the press that is under way began
  let last = null;
  let timer;

  const present = () => document.visibilityState === "visible" && document.hasFocus();
  const quiet = () => performance.now() - quietSince >= QUIET;
  const show = () => yes.setAttribute("aria-disabled", String(!(quiet() && (alive || coarse))));
  const beginAnew = () => {
    quietSince = present() ? performance.now() : Infinity;
    ready = false;
    clearTimeout(timer);
    timer = setTimeout(show, QUIET + 10);
    show();
  };
  const press = (sign) => {
    if (!quiet()) return beginAnew();
    alive ||= sign;
    ready = alive;
    show();
  };

  addEventListener("focus", beginAnew);
  addEventListener("blur", beginAnew);
  document.addEventListener("visibilitychange", beginAnew);
  addEventListener("pageshow", (event) => event.persisted && location.reload());
  addEventListener("pointermove", ({ screenX, screenY }) => {
    const moved = last && (last[0] !== screenX || last[1] !== screenY);
    last = [screenX, screenY];
    if (moved && present()) {
      alive = true;
      show();
    }
  }, true);
  addEventListener("pointerdown", ({ pointerType }) => press(pointerType === "touch"), true);
  addEventListener("keydown", ({ repeat }) => (repeat ? beginAnew() : press(true)), true);
  yes.addEventListener("click", (event) => {
    // Assistive technology clicks without a pointer and without a key.
    const assisted = event.detail === 0 && quiet() && present();
    if (!ready && !assisted) event.preventDefault();
    ready = false;
  });
  beginAnew();
})();
