// Starts the client: checks what the browser can do, loads the page's WebAssembly, registers the
// service worker. Whatever goes wrong here is told in plain words in the place of the client.
//
// These few texts are not in the locale files: a locale file may be what cannot be loaded.

const MESSAGES = {
  en: {
    starting: "Starting…",
    outdated:
      "This browser is too old for Meltemi. Please update it, or use a current Firefox, Chrome, Edge or Safari.",
    storage:
      "Meltemi keeps its records in this browser, but the browser does not let it. Please leave private browsing, or allow this site to keep data, and reload the page.",
    insecure:
      "Meltemi needs a secure connection. Please open this address with https:// in front, or ask whoever runs the server.",
    failed:
      "Meltemi could not be loaded. Please check the connection and reload the page. If it stays this way, tell whoever runs the server:",
  },
  fr: {
    starting: "Démarrage…",
    outdated:
      "Ce navigateur est trop ancien pour Meltemi. Mettez-le à jour ou utilisez une version récente de Firefox, Chrome, Edge ou Safari.",
    storage:
      "Meltemi garde ses données dans ce navigateur, mais celui-ci ne le permet pas. Quittez la navigation privée ou autorisez ce site à conserver des données, puis rechargez la page.",
    insecure:
      "Meltemi a besoin d’une connexion sécurisée. Ouvrez cette adresse avec https:// ou adressez-vous à la personne responsable du serveur.",
    failed:
      "Meltemi n’a pas pu être chargé. Vérifiez la connexion et rechargez la page. Si cela persiste, signalez ceci à la personne responsable du serveur :",
  },
  ar: {
    starting: "جارٍ البدء…",
    outdated:
      "هذا المتصفح قديم جدًا لتطبيق Meltemi. حدّثه، أو استخدم إصدارًا حديثًا من Firefox أو Chrome أو Edge أو Safari.",
    storage:
      "يحفظ Meltemi سجلاته في هذا المتصفح، لكن المتصفح لا يسمح بذلك. اخرج من التصفح الخاص أو اسمح لهذا الموقع بحفظ البيانات، ثم أعد تحميل الصفحة.",
    insecure:
      "يحتاج Meltemi إلى اتصال آمن. افتح هذا العنوان مسبوقًا بـ https:// أو اسأل القائمين على الخادم.",
    failed:
      "تعذّر تحميل Meltemi. تحقق من الاتصال وأعد تحميل الصفحة. إذا استمر ذلك فأبلغ القائمين على الخادم:",
  },
  es: {
    starting: "Iniciando…",
    outdated:
      "Este navegador es demasiado antiguo para Meltemi. Actualícelo o utilice una versión reciente de Firefox, Chrome, Edge o Safari.",
    storage:
      "Meltemi guarda sus fichas en este navegador, pero el navegador no lo permite. Salga de la navegación privada o permita que este sitio conserve datos y vuelva a cargar la página.",
    insecure:
      "Meltemi necesita una conexión segura. Abra esta dirección con https:// delante o consulte a quien administra el servidor.",
    failed:
      "No se ha podido cargar Meltemi. Compruebe la conexión y vuelva a cargar la página. Si sigue igual, avise a quien administra el servidor:",
  },
};

const language = navigator.languages
  .map((tag) => tag.split("-")[0])
  .find((tag) => tag in MESSAGES) ?? "en";
const message = document.getElementById("boot-message");

function say(key, detail = "") {
  message.lang = language;
  message.dir = language === "ar" ? "rtl" : "ltr";
  message.textContent = `${MESSAGES[language][key]} ${detail}`.trim();
}

function stop(key, detail) {
  message.removeAttribute("aria-busy");
  message.setAttribute("role", "alert");
  say(key, detail);
}

/** What keeps the client from running in this browser, or undefined. */
async function obstacle() {
  if (!window.isSecureContext) return "insecure";
  const present = [
    globalThis.WebAssembly?.instantiateStreaming,
    globalThis.Worker,
    globalThis.BroadcastChannel,
    globalThis.indexedDB,
    navigator.locks,
  ];
  if (!present.every(Boolean)) return "outdated";
  return (await canStore()) ? undefined : "storage";
}

/** Private windows and strict settings have IndexedDB, but refuse to open a database. */
function canStore() {
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open("meltemi-can-store");
      request.onsuccess = () => {
        request.result.close();
        indexedDB.deleteDatabase("meltemi-can-store");
        resolve(true);
      };
      request.onerror = () => resolve(false);
    } catch {
      resolve(false);
    }
  });
}

/** Keeps the client on this device. The client works without it, but not after an offline reload. */
async function registerServiceWorker() {
  try {
    await navigator.serviceWorker.register("/service-worker.js", { updateViaCache: "none" });
  } catch (error) {
    console.warn("Meltemi cannot be kept on this device:", error);
  }
}

say("starting");
try {
  const found = await obstacle();
  if (found) {
    stop(found);
  } else {
    const { default: init } = await import("/client.js");
    await init();
    await registerServiceWorker();
  }
} catch (error) {
  console.error(error);
  stop("failed", String(error?.message ?? error));
}
