// Days of a calendar and what is on them. Times are ms since 1970; days are those of the browser's time zone. No DOM, no network.

/** The first moment of the week, from Monday on, that lies so many weeks after that of `now`. @param {number} now @param {number} weeks */
export function weekOf(now, weeks) {
  const day = new Date(now);
  day.setHours(0, 0, 0, 0);
  day.setDate(day.getDate() - ((day.getDay() + 6) % 7) + 7 * weeks);
  return day.getTime();
}

/** The begins of so many days from `start` on, and the end of the last: a day can have 23 or 25 hours. @param {number} start @param {number} count */
export function daysFrom(start, count) {
  return Array.from({ length: count + 1 }, (_, n) => {
    const day = new Date(start);
    day.setDate(day.getDate() + n);
    return day.getTime();
  });
}

/**
 * What is on each day, by its start. `begins`: on this day; `overlaps`: another one is open at the same time.
 * @param {number[]} days as `daysFrom` gives them @param {any[]} spans with `start` and `end`, by their starts
 * @returns {{span: any, begins: boolean, overlaps: boolean}[][]}
 */
export function byDay(days, spans) {
  const timed = spans.map((span) => ({ span, start: Date.parse(span.start), end: Date.parse(span.end) }));
  return days.slice(0, -1).map((day, n) => {
    const here = timed.filter((each) => each.start < days[n + 1] && each.end > day);
    return here.map((each) => ({
      span: each.span,
      begins: each.start >= day,
      overlaps: here.some((other) => other !== each && other.start < each.end && each.start < other.end),
    }));
  });
}
