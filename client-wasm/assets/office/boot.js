// Starts the page of administration. What goes wrong here is told in plain words in its place; the
// locale files may be what cannot be loaded, so these few texts are not in them.

const MESSAGES = {
  en: {
    starting: "Starting…",
    outdated:
      "This browser is too old for Meltemi. Please update it, or use a current Firefox, Chrome, Edge or Safari.",
    insecure:
      "Meltemi needs a secure connection. Please open this address with https:// in front, or ask whoever runs the server.",
    failed:
      "Administration could not be loaded. It needs the network: please check the connection and reload the page. If it stays this way, tell whoever runs the server:",
  },
  fr: {
    starting: "Démarrage…",
    outdated:
      "Ce navigateur est trop ancien pour Meltemi. Mettez-le à jour ou utilisez une version récente de Firefox, Chrome, Edge ou Safari.",
    insecure:
      "Meltemi a besoin d’une connexion sécurisée. Ouvrez cette adresse avec https:// ou adressez-vous à la personne responsable du serveur.",
    failed:
      "L’administration n’a pas pu être chargée. Elle a besoin du réseau : vérifiez la connexion et rechargez la page. Si cela persiste, signalez ceci à la personne responsable du serveur :",
  },
  ar: {
    starting: "جارٍ البدء…",
    outdated:
      "هذا المتصفح قديم جدًا لتطبيق Meltemi. حدّثه، أو استخدم إصدارًا حديثًا من Firefox أو Chrome أو Edge أو Safari.",
    insecure:
      "يحتاج Meltemi إلى اتصال آمن. افتح هذا العنوان مسبوقًا بـ https:// أو اسأل القائمين على الخادم.",
    failed:
      "تعذّر تحميل الإدارة. فهي تحتاج إلى الشبكة: تحقق من الاتصال وأعد تحميل الصفحة. إذا استمر ذلك فأبلغ القائمين على الخادم:",
  },
  es: {
    starting: "Iniciando…",
    outdated:
      "Este navegador es demasiado antiguo para Meltemi. Actualícelo o utilice una versión reciente de Firefox, Chrome, Edge o Safari.",
    insecure:
      "Meltemi necesita una conexión segura. Abra esta dirección con https:// delante o consulte a quien administra el servidor.",
    failed:
      "No se ha podido cargar la administración. Necesita conexión: compruébela y vuelva a cargar la página. Si sigue igual, avise a quien administra el servidor:",
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

say("starting");
try {
  if (!window.isSecureContext) {
    stop("insecure");
  } else if (!globalThis.WebAssembly?.instantiateStreaming) {
    stop("outdated");
  } else {
    const { default: init } = await import("/office/office.js");
    await init();
  }
} catch (error) {
  console.error(error);
  stop("failed", String(error?.message ?? error));
}
