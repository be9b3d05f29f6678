// Before anything is shown: the page knows that scripts run, and the player inside the design system's bundle keeps
// from writing a <style> of its own, which the Content-Security-Policy would refuse.
document.documentElement.classList.replace("no-js", "js");
window.VIDEOJS_NO_DYNAMIC_STYLE = true;
