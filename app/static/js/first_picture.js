/** Fetched before all else by the map page: what was kept of the last visit, else what the server drew of the first view, is seen while the map is made. */
import { showKept } from "./kept_picture.js";
import { showServed } from "./served_picture.js";

showKept();
showServed();
