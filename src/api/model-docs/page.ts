/** The playground's page: the same for every model, filled by page-script.ts. */
export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Millwright</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="docs.css">
<script type="module" src="docs.js"></script>
</head>
<body>
<header><span class="mark">Millwright</span><span id="place"></span><span class="tools"><button id="language" type="button" class="quiet">한국어</button><button id="theme" type="button" class="quiet"></button></span></header>
<main id="main" aria-busy="true"><noscript>This page needs JavaScript; the same is at openapi.json beside it.</noscript></main>
</body>
</html>
`;
