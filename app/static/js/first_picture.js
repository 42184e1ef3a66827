/** Fetched before all else by the map page: what was kept of the last visit is seen while the map is made. */
import { showKept } from "./kept_picture.js";

showKept();
