// What there is to see on the page, for the test to judge.
(() => {
  const isSeen = element => element.checkVisibility({ visibilityProperty: true }) && !element.closest('.hidden');
  const width = document.documentElement.clientWidth;
  const colour = text => (text.match(/[\d.]+/g) || []).map(Number);
  const luminance = rgb => {
    const part = value => (value /= 255) <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    return 0.2126 * part(rgb[0]) + 0.7152 * part(rgb[1]) + 0.0722 * part(rgb[2]);
  };
  const ground = element => {
    if (element.matches('text.mark')) return colour(getComputedStyle(element.parentNode.querySelector('.cell')).fill);
    for (let place = element; place; place = place.parentElement) {
      const found = colour(getComputedStyle(place).backgroundColor);
      if (found.length === 3 || found[3] > 0) return found;
    }
    return [255, 255, 255];
  };
  // https://www.w3.org/TR/WCAG22/#contrast-minimum
  const contrast = element => {
    const style = getComputedStyle(element);
    const ink = colour(element instanceof SVGElement ? style.fill : style.color);
    const [low, high] = [luminance(ink), luminance(ground(element))].sort((a, b) => a - b);
    const size = parseFloat(style.fontSize);
    const isLarge = size >= 24 || (size >= 18.66 && style.fontWeight >= 700);
    return (high + 0.05) / (low + 0.05) / (isLarge ? 3 : 4.5);
  };
  const texts = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const element = walk.currentNode.parentElement;
    const isDrawn = !(element instanceof SVGElement) || element.matches('text');
    if (walk.currentNode.data.trim() && isDrawn && isSeen(element)) texts.push(element);
  }
  const name = element => `${element.tagName}.${element.getAttribute('class')} "${element.textContent.slice(0, 40)}"`;
  const meet = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
  const overlaps = [];
  for (const chart of document.querySelectorAll('svg.plot')) {
    const labels = [...chart.querySelectorAll('text')].filter(label => label.textContent && isSeen(label));
    const boxes = labels.map(label => label.getBoundingClientRect());
    labels.forEach((one, i) => labels.slice(i + 1).forEach((other, j) => {
      if (meet(boxes[i], boxes[i + 1 + j])) overlaps.push(`${name(one)} and ${name(other)}`);
    }));
  }
  const box = element => element.getBoundingClientRect();
  return {
    text: document.body.innerText,
    wider: document.documentElement.scrollWidth - width,
    outside: texts.filter(element => box(element).right > width || box(element).left < 0).map(name),
    overlaps,
    pale: texts.filter(element => contrast(element) < 1).map(name),
    background: luminance(colour(getComputedStyle(document.body).backgroundColor)),
    charts: [...document.querySelectorAll('svg[role=img]')].map(chart => ({
      name: chart.getAttribute('aria-label'),
      about: chart.querySelector(':scope > desc')?.textContent ?? '',
      width: box(chart).width,
      height: box(chart).height,
      axis: [...chart.querySelectorAll('text.axis')].filter(isSeen).map(text => text.textContent),
      ticks: [...chart.querySelectorAll('text.tick, text.name')].filter(isSeen).length,
      marks: [...chart.querySelectorAll('.slot')].length,
      tips: [...chart.querySelectorAll('.slot > title')].filter(title => title.textContent.trim()).length,
    })),
    bars: [...document.querySelectorAll('svg.bar')].map(bar => box(bar).width * box(bar).height),
    headings: [...document.querySelectorAll('h1, h2')].map(heading => heading.textContent.trim()),
    scripts: document.querySelectorAll('script, img, link, iframe, object').length,
    bareTables: [...document.querySelectorAll('table')].filter(table => !table.caption?.textContent.trim()).length,
    bareHeads: document.querySelectorAll('th:not([scope])').length,
    language: document.documentElement.lang,
    encoding: document.characterSet,
  };
})()
