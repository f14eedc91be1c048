// Tells the server what stands behind the # of a link of AWS's console.
(() => {
  const behind = location.hash.slice(1);
  if (!behind) return;
  const address = new URL(location.href);
  address.hash = "";
  address.searchParams.set("behind", behind);
  location.replace(address);
})();
