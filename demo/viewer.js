// The cine viewer. One clock for all series: each shows the phase of its own that the fraction of
// the heartbeat falls in, so that every view beats in step. Others follow by the document's event
// `cmrclip:beat` ({fraction, playing}) and may set the moment by `cmrclip:seek` ({fraction}).
const SPEEDS = [0.25, 0.5, 1, 1.5, 2];
const COLOURS = ['#0072B2', '#E69F00', '#009E73', '#D55E00', '#CC79A7', '#56B4E9'];
const calm = window.matchMedia('(prefers-reduced-motion: reduce)').matches;

let study = null; // what is shown; a newer one ends the clock of the one before

function make(parent, tag, attributes = {}, text = '') {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (text) node.textContent = text;
  parent.append(node);
  return node;
}

function open(value) {
  const root = element.querySelector('.cine-viewer');
  root.replaceChildren();
  study = null;
  if (!value || !value.groups || !value.groups.length) return;
  const s = {
    root, beat: value.beat_ms, tiles: [], fraction: 0, playing: !calm, speed: 1, zoom: 1,
    x: 0, y: 0, heart: true, width: 1, level: 0, moving: false, seen: true, dirty: true,
    stats: {frames: 0, ms: 0, worst: 0},
  };
  study = s;
  root.stats = s.stats; // for benchmarks
  s.phases = Math.max(...value.groups.flatMap((g) => g.tiles.map((t) => t.phases)));
  s.hasHeart = value.groups.some((g) => g.tiles.some((t) => t.heart));
  s.heart = s.hasHeart;
  toolbar(s);
  const groups = make(root, 'div', {class: 'groups'});
  for (const group of value.groups) {
    const box = make(groups, 'section', {class: 'group', style: `--tiles:${group.tiles.length}`});
    const head = make(box, 'h3', {}, group.title);
    if (group.note) make(head, 'small', {}, ` ${group.note}`);
    const grid = make(box, 'div', {class: 'tiles'});
    for (const tile of group.tiles) s.tiles.push(addTile(s, grid, tile));
  }
  motionPlot(s, value.groups);
  new IntersectionObserver(([entry]) => { s.seen = entry.isIntersecting; s.dirty = true; })
    .observe(root);
  new ResizeObserver(() => { s.dirty = true; }).observe(groups);
  let before = performance.now();
  const tick = (now) => {
    if (study !== s || !root.isConnected) return;
    const passed = Math.min(now - before, 250);
    before = now;
    if (s.playing && s.phases > 1 && !document.hidden) {
      s.fraction = (s.fraction + (passed * s.speed) / s.beat) % 1;
      tell(s);
    }
    if (s.seen) draw(s);
    requestAnimationFrame(tick);
  };
  tell(s);
  requestAnimationFrame(tick);
}

function tell(s) {
  const phase = Math.floor(s.fraction * s.phases);
  s.root.dataset.phase = phase;
  s.root.dataset.playing = s.playing;
  s.scrub.value = phase;
  s.scrub.setAttribute('aria-valuetext', `phase ${phase + 1} of ${s.phases}`);
  s.count.textContent = `phase ${phase + 1}/${s.phases}`;
  if (s.cursor) s.cursor.setAttribute('transform', `translate(${s.fraction * 100} 0)`);
  document.dispatchEvent(new CustomEvent('cmrclip:beat',
    {detail: {fraction: s.fraction, playing: s.playing}}));
}

function play(s, on) {
  s.playing = on;
  s.button.textContent = on ? '❚❚' : '▶';
  s.button.setAttribute('aria-label', on ? 'Pause' : 'Play');
  tell(s);
}

function seek(s, fraction) {
  // The middle of a phase: its edge would round to the one before in another series.
  s.fraction = Math.min(Math.max(fraction, 0), 0.9999);
  play(s, false);
}

function step(s, by) {
  const phase = (Math.floor(s.fraction * s.phases) + by + s.phases) % s.phases;
  seek(s, (phase + 0.5) / s.phases);
}

function toolbar(s) {
  const bar = make(s.root, 'div', {class: 'bar', role: 'toolbar', 'aria-label': 'Viewer'});
  const button = (text, label, act) => {
    const node = make(bar, 'button', {type: 'button', 'aria-label': label, title: label}, text);
    node.addEventListener('click', act);
    return node;
  };
  button('‹', 'One phase back (left arrow)', () => step(s, -1));
  s.button = button('❚❚', 'Pause', () => play(s, !s.playing));
  s.button.classList.add('play');
  button('›', 'One phase on (right arrow)', () => step(s, 1));
  s.scrub = make(bar, 'input', {
    type: 'range', min: 0, max: s.phases - 1, step: 1, value: 0, 'aria-label': 'Phase'});
  s.scrub.addEventListener('input', () => seek(s, (Number(s.scrub.value) + 0.5) / s.phases));
  s.count = make(bar, 'output', {class: 'count'});
  const speed = make(bar, 'select', {'aria-label': 'Speed', title: 'Speed'});
  for (const value of SPEEDS) {
    const option = make(speed, 'option', {value}, `${value}×`);
    option.selected = value === 1;
  }
  speed.addEventListener('change', () => { s.speed = Number(speed.value); });
  s.speedBox = speed;
  button('−', 'Zoom out (-)', () => zoom(s, 1 / 1.25));
  button('+', 'Zoom in (+)', () => zoom(s, 1.25));
  if (s.hasHeart) {
    s.whole = button('Whole image', 'Whole image or the heart alone (h)', () => whole(s));
  }
  s.move = button('Move', 'Drag moves the picture instead of setting the window (m)',
    () => moving(s));
  s.move.setAttribute('aria-pressed', 'false');
  button('Reset', 'Window, zoom and place as at first (0)', () => reset(s));
  s.readout = make(bar, 'output', {class: 'readout', title: 'Drag over a picture to change it'});
  readout(s);
  s.root.setAttribute('tabindex', '0');
  s.root.onkeydown = (event) => keys(s, event);
  if (calm) play(s, false);
}

function zoom(s, by) {
  s.zoom = Math.min(Math.max(s.zoom * by, 1), 8);
  if (s.zoom === 1) s.x = s.y = 0;
  s.dirty = true;
}

function whole(s) {
  if (!s.hasHeart) return;
  s.heart = !s.heart;
  s.x = s.y = 0;
  s.whole.textContent = s.heart ? 'Whole image' : 'Heart';
  s.dirty = true;
}

function moving(s) {
  s.moving = !s.moving;
  s.move.setAttribute('aria-pressed', String(s.moving));
}

function reset(s) {
  Object.assign(s, {zoom: 1, x: 0, y: 0, width: 1, level: 0, dirty: true});
  readout(s);
}

function readout(s) {
  const level = Math.round(s.level * 100);
  s.readout.textContent = `window ${Math.round(s.width * 100)} %, level ${level > 0 ? '+' : ''}${level} %`;
}

function windowBy(s, across, down) {
  s.width = Math.min(Math.max(s.width * Math.exp(across), 0.05), 4);
  s.level = Math.min(Math.max(s.level + down, -1), 1);
  s.dirty = true;
  readout(s);
}

function keys(s, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (['INPUT', 'SELECT'].includes(event.target.tagName)) return;
  const tile = event.target.closest('.tile');
  const acts = {
    ArrowLeft: () => step(s, -1), ArrowRight: () => step(s, 1),
    ArrowUp: () => windowBy(s, 0, 0.05), ArrowDown: () => windowBy(s, 0, -0.05),
    Home: () => seek(s, 0.5 / s.phases), End: () => seek(s, 1 - 0.5 / s.phases),
    '+': () => zoom(s, 1.25), '=': () => zoom(s, 1.25), '-': () => zoom(s, 1 / 1.25),
    0: () => reset(s), h: () => whole(s), m: () => moving(s), Escape: () => enlarge(s, null),
  };
  if (event.target.tagName !== 'BUTTON') acts[' '] = () => play(s, !s.playing);
  if (tile) acts.Enter = () => enlarge(s, tile);
  if (!acts[event.key]) return;
  acts[event.key]();
  event.preventDefault();
}

function enlarge(s, tile) {
  const large = tile && !tile.classList.contains('large');
  for (const one of s.tiles) one.box.classList.remove('large');
  s.root.classList.toggle('one', Boolean(large));
  for (const group of s.root.querySelectorAll('.group')) group.classList.remove('has');
  if (large) {
    tile.classList.add('large');
    tile.closest('.group').classList.add('has');
  }
  s.dirty = true;
}

function addTile(s, grid, tile) {
  const box = make(grid, 'div', {
    class: 'tile', tabindex: '0', role: 'button', 'aria-label': `${tile.name}; enlarge`});
  const canvas = make(box, 'canvas', {role: 'img', 'aria-label': tile.name});
  if (tile.label) make(box, 'span', {class: 'slice', 'aria-hidden': 'true'}, tile.label);
  const shown = {tile, box, canvas, phase: -1, pixels: null};
  const image = new Image();
  image.onload = () => {
    const sheet = make(document.createDocumentFragment(), 'canvas', {});
    sheet.width = image.naturalWidth;
    sheet.height = image.naturalHeight;
    const context = sheet.getContext('2d', {willReadFrequently: true});
    context.drawImage(image, 0, 0);
    const rgba = context.getImageData(0, 0, sheet.width, sheet.height).data;
    const {width, height, phases, columns} = tile;
    const pixels = new Uint8Array(phases * width * height);
    for (let p = 0, to = 0; p < phases; p += 1) {
      for (let y = 0; y < height; y += 1) {
        const row = Math.floor(p / columns) * height + y;
        let from = 4 * (row * sheet.width + (p % columns) * width);
        for (let x = 0; x < width; x += 1, to += 1, from += 4) pixels[to] = rgba[from];
      }
    }
    shown.pixels = pixels;
    shown.frame = new ImageData(width, height);
    shown.words = new Uint32Array(shown.frame.data.buffer);
    shown.off = document.createElement('canvas');
    shown.off.width = width;
    shown.off.height = height;
    s.dirty = true;
  };
  image.src = tile.sheet;
  drag(s, box);
  return shown;
}

function drag(s, box) {
  let from = null;
  box.addEventListener('pointerdown', (event) => {
    if (event.button) return;
    from = {x: event.clientX, y: event.clientY, far: false};
    box.setPointerCapture(event.pointerId);
  });
  box.addEventListener('pointermove', (event) => {
    if (!from) return;
    const across = event.clientX - from.x;
    const down = event.clientY - from.y;
    if (!from.far && Math.hypot(across, down) < 4) return;
    if (s.moving || event.shiftKey) {
      const side = box.clientWidth * s.zoom;
      s.x = Math.min(Math.max(s.x - across / side, -0.5), 0.5);
      s.y = Math.min(Math.max(s.y - down / side, -0.5), 0.5);
      s.dirty = true;
    } else {
      windowBy(s, across / 200, down / 300);
    }
    from = {x: event.clientX, y: event.clientY, far: true};
  });
  box.addEventListener('pointerup', () => {
    if (from && !from.far) enlarge(s, box);
    from = null;
  });
  box.addEventListener('pointercancel', () => { from = null; });
  box.addEventListener('wheel', (event) => {
    if (!event.ctrlKey) return; // a plain wheel scrolls the page; a pinch comes with ctrl
    zoom(s, Math.exp(-event.deltaY / 200));
    event.preventDefault();
  }, {passive: false});
}

function draw(s) {
  const start = performance.now();
  let drawn = false;
  for (const shown of s.tiles) {
    if (!shown.pixels || !shown.box.clientWidth) continue;
    const phase = Math.floor(s.fraction * shown.tile.phases);
    if (phase === shown.phase && !s.dirty) continue;
    shown.phase = phase;
    paint(s, shown, phase);
    drawn = true;
  }
  s.dirty = false;
  if (!drawn) return;
  const took = performance.now() - start;
  s.stats.frames += 1;
  s.stats.ms += took;
  s.stats.worst = Math.max(s.stats.worst, took);
}

function paint(s, shown, phase) {
  const {tile, canvas, words, frame, off, pixels} = shown;
  const {width, height} = tile;
  // As many pixels as the screen has, at most twice those of the page.
  const side = Math.round(shown.box.clientWidth * Math.min(window.devicePixelRatio || 1, 2));
  if (canvas.width !== side) canvas.width = canvas.height = side;
  const span = (tile.window.high - tile.window.low) * s.width;
  const middle = (tile.window.high + tile.window.low) / 2 - s.level * 255;
  const table = new Uint32Array(256);
  for (let grey = 0; grey < 256; grey += 1) {
    const value = Math.round(Math.min(Math.max((grey - middle) / span + 0.5, 0), 1) * 255);
    table[grey] = (255 << 24) | (value << 16) | (value << 8) | value;
  }
  const offset = phase * width * height;
  for (let i = 0; i < words.length; i += 1) words[i] = table[pixels[offset + i]];
  off.getContext('2d').putImageData(frame, 0, 0);
  // The square that is seen, in pixels of the frame.
  const at = s.heart ? tile.heart : null;
  const full = at ? at.side * width : Math.max(width, height);
  const left = at ? at.left * width : (width - full) / 2;
  const top = at ? at.top * height : (height - full) / 2;
  const seen = full / s.zoom;
  const x = left + (full - seen) / 2 + s.x * full;
  const y = top + (full - seen) / 2 + s.y * full;
  const context = canvas.getContext('2d');
  context.fillStyle = '#000';
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = 'high';
  const scale = side / seen;
  context.drawImage(off, -x * scale, -y * scale, width * scale, height * scale);
}

function motionPlot(s, groups) {
  const lines = groups.map((group) => {
    const curves = group.tiles.map((tile) => tile.motion).filter((m) => m && m.length > 2);
    return {title: group.title, curves};
  }).filter((line) => line.curves.length);
  if (!lines.length) return;
  const figure = make(s.root, 'figure', {class: 'motion'});
  const ns = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(ns, 'svg');
  svg.setAttribute('viewBox', '0 0 100 30');
  svg.setAttribute('preserveAspectRatio', 'none');
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', 'Change of the pictures against the first phase over a heartbeat');
  figure.append(svg);
  const add = (parent, tag, attributes) => {
    const node = document.createElementNS(ns, tag);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    parent.append(node);
    return node;
  };
  const legend = document.createElement('figcaption');
  lines.forEach(({title, curves}, i) => {
    // The mean over a stack, as a share of its own greatest: views differ in contrast.
    const length = Math.max(...curves.map((c) => c.length));
    const mean = Array.from({length}, (_, k) => curves.reduce((sum, c) =>
      sum + c[Math.floor((k * c.length) / length)], 0) / curves.length);
    const most = Math.max(...mean, 1e-6);
    const points = mean.map((v, k) => `${(100 * (k + 0.5)) / length},${28 - (26 * v) / most}`);
    const colour = COLOURS[i % COLOURS.length];
    add(svg, 'polyline', {points: points.join(' '), fill: 'none', stroke: colour,
      'stroke-width': 2, 'vector-effect': 'non-scaling-stroke'});
    const entry = make(legend, 'span', {class: 'key'}, title);
    entry.style.setProperty('--colour', colour);
  });
  s.cursor = add(svg, 'line', {x1: 0, x2: 0, y1: 0, y2: 30, class: 'cursor',
    'vector-effect': 'non-scaling-stroke'});
  make(legend, 'p', {}, 'How much the grey values about the heart differ from those of the first ' +
    'phase, each view as a share of its greatest difference. It tells when the heart moves; it is ' +
    'no volume.');
  figure.append(legend);
  const jump = (event) => {
    const place = svg.getBoundingClientRect();
    seek(s, (event.clientX - place.left) / place.width);
  };
  svg.addEventListener('pointerdown', (event) => {
    svg.setPointerCapture(event.pointerId);
    jump(event);
  });
  svg.addEventListener('pointermove', (event) => { if (event.buttons) jump(event); });
}

// A line on every plot whose first axis is the heartbeat in per cent (class `timeplot`). A plot
// that counts from end-diastole says where that lies among the phases (`beat_start`).
function beatStart(plot) {
  return (plot._fullLayout.meta && plot._fullLayout.meta.beat_start) || 0;
}

function cursorOnPlots(fraction) {
  for (const plot of document.querySelectorAll('.timeplot .js-plotly-plot')) {
    const axis = plot._fullLayout && plot._fullLayout.xaxis;
    if (!axis || !axis.l2p) continue;
    let line = plot.querySelector('.beat-cursor');
    if (!line) {
      line = make(plot, 'div', {class: 'beat-cursor', 'aria-hidden': 'true'});
      plot.style.position = 'relative';
      plot.addEventListener('click', (event) => {
        const now = plot._fullLayout.xaxis;
        const x = event.clientX - plot.getBoundingClientRect().left - now._offset;
        if (x < 0 || x > now._length) return;
        document.dispatchEvent(new CustomEvent('cmrclip:seek',
          {detail: {fraction: (Math.max(now.p2l(x), 0) / 100 + beatStart(plot)) % 1}}));
      });
    }
    const size = plot._fullLayout._size;
    const beat = (fraction - beatStart(plot) + 1) % 1;
    line.style.left = `${axis._offset + axis.l2p(100 * beat)}px`;
    line.style.top = `${size.t}px`;
    line.style.height = `${size.h}px`;
  }
}

document.addEventListener('cmrclip:beat', (event) => cursorOnPlots(event.detail.fraction));
document.addEventListener('cmrclip:seek', (event) => {
  if (study) seek(study, event.detail.fraction);
});
// One text, since Gradio would copy an object value by value, several times.
const given = () => (props.value ? JSON.parse(props.value) : null);
watch('value', () => open(given()));
open(given());
