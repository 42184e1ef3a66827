/** What the map is drawn upon: light, dark, grey, blank. The interface is dark on the dark ground, on every page. */
import { replaceAddress } from "./address.js";
import { loadCatalog, shown } from "./atlas.js";
import { restyle } from "./map_layers.js";

export const GROUNDS = ["light", "dark", "grey", "blank"];
const KEPT_AS = "atlas-ground";

/**
 * Chooses the ground before anything is drawn: the address's, else that of this window so far, else the one chosen last.
 * The address names what is not the first ground, so that a copied one shows the same.
 * @param {string|undefined} wanted of the address
 */
export function takeGround(wanted) {
  const before = [sessionStorage.getItem(KEPT_AS), localStorage.getItem(KEPT_AS)];
  shown.ground = [wanted, ...before].find((ground) => ground && GROUNDS.includes(ground)) ?? GROUNDS[0];
  sessionStorage.setItem(KEPT_AS, shown.ground);
  document.documentElement.dataset.ground = shown.ground;
  if (shown.ground !== GROUNDS[0] && wanted !== shown.ground) replaceAddress({ bg: shown.ground });
}

/** Draws everything upon another ground. @param {string} ground */
export async function changeGround(ground) {
  if (ground === shown.ground) return;
  shown.ground = ground;
  for (const store of [sessionStorage, localStorage]) store.setItem(KEPT_AS, ground);
  replaceAddress({ bg: ground === GROUNDS[0] ? null : ground });
  const { edition } = shown.catalog.edition;
  await loadCatalog(String(edition));
  document.documentElement.dataset.ground = ground;
  restyle();
}
