module.exports = require("jssip");
