using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;

namespace Porthor.Server.Commands;

/// <summary><c>porthor run</c>, and <c>porthor</c> alone: the server.</summary>
internal static class RunCommand
{
    private const int DefaultPort = 8080;

    public static Command Create()
    {
        var command = new Command("run", "Run the server");
        AddTo(command);
        return command;
    }

    /// <summary>Gives a command the server's options and makes it run the server.</summary>
    public static void AddTo(Command command)
    {
        var host = new Option<string>("--host") { Description = "Address to listen on", HelpName = "ADDRESS", DefaultValueFactory = _ => "127.0.0.1" };
        var port = new Option<int>("--port") { Description = "Port to listen on; 0 for any that is free", HelpName = "PORT", DefaultValueFactory = _ => DefaultPort };
        var metricsPort = new Option<int?>("--metrics-port") { Description = "Port for metrics and health, never for users; 0 for any that is free [default: none]", HelpName = "PORT" };
        var urls = new Option<string?>("--urls") { Description = "Addresses to listen on as URLs with ';' between, instead of --host and --port; http://unix:/PATH for a Unix socket", HelpName = "URLS" };
        port.Validators.Add(result => CheckPort("--port", result.GetValueOrDefault<int>(), result.AddError));
        metricsPort.Validators.Add(result => CheckPort("--metrics-port", result.GetValueOrDefault<int?>(), result.AddError));
        command.Options.Add(host);
        command.Options.Add(port);
        command.Options.Add(urls);
        command.Options.Add(metricsPort);
        var options = ConfigOptions.AddTo(command);
        command.SetWork(options, (parsed, cancellationToken) =>
        {
            var settings = options.Load(parsed, SettingsNeed.Serving);
            if (parsed.GetValue(metricsPort) is { } watched)
                settings = settings with { Telemetry = settings.Telemetry with { MetricsPort = watched } };
            var address = parsed.GetValue(host)!;
            var listen = parsed.GetValue(urls) ?? $"http://{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{parsed.GetValue(port)}";
            return ServerHost.RunAsync(settings, listen, cancellationToken);
        });
    }

    private static void CheckPort(string option, int? port, Action<string> addError)
    {
        if (port is < 0 or > 65535)
            addError($"{option} takes a number from 0 to 65535");
    }
}
