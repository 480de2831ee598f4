// Steps every strip (.beat, see sprites.py) to the phase of the heartbeat.
// A viewer of the open study sets it: event "cmrclip:beat" on the document, with
// detail {fraction: 0 to 1, playing}. Where none is heard, a strip keeps its own time.
(() => {
  const SILENCE_MS = 1000;
  const calm = matchMedia('(prefers-reduced-motion: reduce)');
  const root = document.documentElement;
  const loaded = performance.now();
  const strips = document.getElementsByClassName('beat');
  const shown = new WeakMap();
  let beat = null;
  let wish = null;  // what the person pressed: 'hold', 'play' or nothing yet

  const label = (held) => root.classList.toggle('pictures-held', held);
  label(calm.matches);

  document.addEventListener('cmrclip:beat', (event) => {
    const {fraction, playing} = event.detail;
    beat = {fraction, playing, at: performance.now()};
    if (wish === null) label(calm.matches && !playing);
  });

  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('.beat-hold')) return;
    wish = root.classList.contains('pictures-held') ? 'play' : 'hold';
    label(wish === 'hold');
  });

  // In [0, 1), or null to leave the strip as it is.
  function phase(strip, now) {
    if (wish === 'hold') return null;
    const follows = !strip.closest('[data-own-time]');
    const heard = beat && (now - beat.at < SILENCE_MS || !beat.playing);
    if (follows && heard) return beat.fraction;
    if (follows && now - loaded < SILENCE_MS) return null;
    if (wish === null && calm.matches) return null;
    return now / (strip.dataset.frames * strip.dataset.ms) % 1;
  }

  function step(now) {
    for (const strip of strips) {
      const fraction = phase(strip, now);
      if (fraction === null) continue;
      const frames = Number(strip.dataset.frames);
      const frame = Math.min(frames - 1, Math.floor(fraction * frames));
      if (shown.get(strip) === frame) continue;
      shown.set(strip, frame);
      strip.dataset.frame = frame;
      strip.firstElementChild.style.transform = `translateX(${-100 * frame / frames}%)`;
    }
    requestAnimationFrame(step);
  }
  requestAnimationFrame(step);
})();
