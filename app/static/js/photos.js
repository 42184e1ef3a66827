/** Photos as they are kept on the device: upright, at most 2000 pixels long, a JPEG without notes of camera or place. */

const LONGEST_PX = 2000;
const QUALITY = 0.85;

/**
 * @param {File} file
 * @returns {Promise<ArrayBuffer|null>} null for a file that the browser cannot read as a picture
 */
export async function readPhoto(file) {
  let picture;
  try {
    picture = await createImageBitmap(file, { imageOrientation: "from-image" });
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    return null;
  }
  const share = Math.min(1, LONGEST_PX / Math.max(picture.width, picture.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(picture.width * share));
  canvas.height = Math.max(1, Math.round(picture.height * share));
  canvas.getContext("2d")?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const made = await new Promise((/** @type {(blob: Blob|null) => void} */ resolve) => canvas.toBlob(resolve, "image/jpeg", QUALITY));
  return made ? made.arrayBuffer() : null;
}
