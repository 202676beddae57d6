using Porthor.Server.Commands;

return await PorthorCommand.InvokeAsync(args);
