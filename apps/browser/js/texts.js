// Two languages: texts by key, filled with values, and numbers as each language writes them.

export const LANGUAGES = { en: 'English', 'zh-Hant': '繁體中文' };
const KEY = 'dermbook-language';

let texts = {};
let current = 'en';

function remembered() {
  try {
    return localStorage.getItem(KEY);
  } catch {
    return null; // storage is switched off: the choice lasts as long as the page
  }
}

/** The language that was chosen last, else the first of the browser's that there is. */
export function preferredLanguage() {
  const saved = remembered();
  if (saved in LANGUAGES) return saved;
  for (const wanted of navigator.languages ?? [navigator.language]) {
    if (/^zh/i.test(wanted)) return 'zh-Hant';
    if (/^en/i.test(wanted)) return 'en';
  }
  return 'en';
}

export async function loadLanguage(language, { remember = false } = {}) {
  const answer = await fetch(new URL(`../texts/${language}.json`, import.meta.url));
  if (!answer.ok) throw new Error(`texts/${language}.json: ${answer.status}`);
  texts = await answer.json();
  current = language;
  document.documentElement.lang = language;
  if (remember) {
    try {
      localStorage.setItem(KEY, language);
    } catch {
      // as above
    }
  }
}

export const language = () => current;

/** The text of a dotted key, its {fields} filled in; null where there is none. */
export function find(key, fields = {}) {
  const text = key.split('.').reduce((part, name) => part?.[name], texts);
  if (typeof text !== 'string') return null;
  return text.replace(/\{(\w+)\}/g, (whole, name) => fields[name] ?? whole);
}

export const say = (key, fields) => find(key, fields) ?? key;

/** Puts texts where the page asks for them by data-text, data-label and data-alt. */
export function translate(root = document) {
  root.querySelectorAll('[data-text]').forEach((place) => {
    place.textContent = say(place.dataset.text);
  });
  root.querySelectorAll('[data-label]').forEach((place) => {
    place.setAttribute('aria-label', say(place.dataset.label));
  });
}

export function percent(value) {
  const digits = value > 0 && value < 0.1 ? 1 : 0;
  if (value > 0 && value < 0.001) return `< ${percent(0.001)}`;
  const style = { style: 'percent', minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(current, style).format(value);
}

export function number(value, digits = 2) {
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return new Intl.NumberFormat(current, style).format(value);
}
