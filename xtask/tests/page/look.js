// What a page shows, asked inside of it: headings, rows and texts that can be seen, and everything that would annoy who looks.
(() => {
  const faults = [];
  const screen = matchMedia("screen").matches;
  const width = document.documentElement.clientWidth;
  const short = text => text.trim().replace(/\s+/g, " ").slice(0, 60);
  const name = element =>
    `${element.localName}${element.getAttribute("class") ? "." + element.getAttribute("class") : ""} "${short(element.textContent)}"`;
  const seen = element => {
    const box = element.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
  };
  const scroller = element => element.closest(".wide");

  // Width: nothing sticks out of the page, of its card or of its cell, and a wide screen needs no scrolling.
  const whole = document.documentElement.scrollWidth;
  if (whole > width) faults.push(`the page is ${whole} pixels wide`);
  for (const wide of document.querySelectorAll(".wide"))
    if (width >= 1200 && wide.scrollWidth > wide.clientWidth) faults.push(`has to be scrolled: ${name(wide)}`);
  for (const box of document.querySelectorAll("body, body :not(svg, svg *)"))
    if (["hidden", "clip"].includes(getComputedStyle(box).overflowX) && box.scrollWidth > box.clientWidth)
      faults.push(`cut off: ${name(box)}`);

  // Colours: what a text is drawn on, and whether it can be told from it (WCAG 2.2, contrast minimum).
  const parts = color => (color.match(/[\d.]+/g) || []).map(Number);
  const light = color => {
    const [red, green, blue] = parts(color).map(part => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const contrast = (one, other) => {
    const [more, less] = [light(one), light(other)].sort((a, b) => b - a);
    return (more + 0.05) / (less + 0.05);
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if (parts(color)[3] !== 0) return color;
    }
    return "rgb(255, 255, 255)";
  };

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const [text, element] = [texts.currentNode, texts.currentNode.parentElement];
    if (!text.data.trim() || element.closest("style, script, title") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const range = document.createRange();
    range.selectNodeContents(text);
    const boxes = [...range.getClientRects()].filter(box => box.width > 0);
    const right = Math.max(...boxes.map(box => box.right));
    const said = `"${short(text.data)}"`;
    const drawing = element.closest("svg");
    const holder = drawing || element.closest("td, th") || element.closest("section, header, aside, footer, main") || document.body;
    if (right > holder.getBoundingClientRect().right + 1) faults.push(`sticks out of ${holder.localName}: ${said}`);
    if (right > width + 1 && !scroller(element)) faults.push(`sticks out of the page: ${said}`);
    const bar = element.matches("svg .in") ? element.previousElementSibling : null;
    const ratio = contrast(drawing ? style.fill : style.color, bar ? getComputedStyle(bar).fill : ground(element));
    if (ratio < (bar ? 3 : 4.5)) faults.push(`faint, ${ratio.toFixed(1)} to 1: ${said}`);
    // A word of usual length that is broken stands in a column that is too narrow for it.
    if (!drawing)
      for (const word of text.data.matchAll(/(?<=^|[\s\-/(])[\p{L}\p{N}_.]+(?=$|[\s\-/),:;])/gu)) {
        if (word[0].length > (width >= 1200 ? 30 : 14)) continue;
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        if (new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1) faults.push(`broken: "${word[0]}"`);
      }
    else if (bar && right > bar.getBoundingClientRect().right) faults.push(`sticks out of its bar: ${said}`);
    const scale = drawing ? element.getScreenCTM().a : 1;
    const size = parseFloat(style.fontSize) * scale;
    if (screen && size < 10) faults.push(`small, ${size.toFixed(1)} pixels: ${said}`);
  }

  // Drawings: each has a size, and so has each thing in it, which is inside of it.
  for (const drawing of document.querySelectorAll("svg")) {
    if (!seen(drawing)) faults.push(`nothing to see: ${name(drawing)}`);
    if (!drawing.matches("[role=img]")) continue;
    const frame = drawing.getBoundingClientRect();
    const shapes = [...drawing.querySelectorAll("rect, circle, polyline")];
    if (shapes.length === 0) faults.push(`an empty drawing: ${name(drawing)}`);
    for (const shape of shapes) {
      const box = shape.getBoundingClientRect();
      // A line that is level has no height of its own.
      if (!(box.width > 0 && (box.height > 0 || shape.localName === "polyline"))) faults.push(`a shape without a size: ${name(shape)}`);
      if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1 || box.bottom > frame.bottom + 1)
        faults.push(`a shape outside of its drawing: ${name(shape)}`);
    }
  }

  // Nothing from outside has become an element or was run.
  if (window.executed) faults.push("something from outside was executed");
  const foreign = [...document.querySelectorAll("script, img, iframe, object, embed, link, form, a, base")];
  for (const element of foreign) faults.push(`an element that the page has no use for: ${element.localName}`);

  const cells = row => [...row.cells].map(cell => cell.innerText.trim());
  const section = element => ({
    heading: element.querySelector("h2")?.innerText,
    rows: [...element.querySelectorAll("tr")].filter(seen).map(cells),
    drawings: [...element.querySelectorAll("svg[role=img]")].filter(seen).map(drawing => drawing.getAttribute("aria-label")),
  });
  return {
    title: document.title,
    verdict: document.querySelector("h1").innerText,
    sections: [...document.querySelectorAll("section")].filter(seen).map(section),
    text: document.body.innerText,
    ground: getComputedStyle(document.body).backgroundColor,
    faults: [...new Set(faults)],
  };
})();
