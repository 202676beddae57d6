using System.CommandLine;
using Porthor.Server.Configuration;
using Porthor.Server.Hosting;
using Porthor.Server.Platform;

namespace Porthor.Server.Commands;

/// <summary><c>porthor run</c>, or <c>porthor</c> without a command: runs the server.</summary>
internal static class RunCommand
{
    private const int DefaultPort = 8080;
    private const int MaxPort = 65535;

    public static Command Create()
    {
        var command = new Command("run", "Run the server");
        AddTo(command);
        return command;
    }

    /// <summary>Adds the options of the server to a command and makes it run the server.</summary>
    public static void AddTo(Command command)
    {
        var host = new Option<string>("--host")
        {
            Description = "IP address to listen on, localhost, or * for all interfaces",
            HelpName = "ADDRESS",
            DefaultValueFactory = _ => "127.0.0.1",
        };
        var port = new Option<int>("--port", "-p")
        {
            Description = "Port to listen on; 0 for any free port",
            HelpName = "PORT",
            DefaultValueFactory = _ => DefaultPort,
        }.InRange(0, MaxPort);
        var metricsPort = new Option<int?>("--metrics-port")
        {
            Description = "Port for metrics and health, not for users; 0 for any free port [default: none]",
            HelpName = "PORT",
        }.InRange(0, MaxPort);
        var urls = new Option<string?>("--urls")
        {
            Description = "URLs to listen on, separated by ';', instead of --host and --port: http://HOST:PORT or http://unix:/PATH",
            HelpName = "URLS",
        };
        host.Validators.Add(result =>
        {
            if (!ListenUrls.TryBuild(result.GetValueOrDefault<string>(), DefaultPort, out _, out var error))
                result.AddError(error);
        });
        urls.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } list && ListenUrls.FindError(list) is { } error)
                result.AddError(error);
        });
        command.Options.Add(host);
        command.Options.Add(port);
        command.Options.Add(urls);
        command.Options.Add(metricsPort);
        var options = ConfigOptions.AddTo(command);
        command.SetWork(options, (parsed, cancellationToken) =>
        {
            var settings = options.Load(parsed, SettingsScope.Serving);
            if (parsed.GetValue(metricsPort) is { } metrics)
                settings = settings with { Telemetry = settings.Telemetry with { MetricsPort = metrics } };
            var listen = parsed.GetValue(urls);
            if (listen is null && !ListenUrls.TryBuild(parsed.GetValue(host)!, parsed.GetValue(port), out listen, out var error))
                throw new CommandFailure(error, exitCode: 2);
            if (settings.Mode == DeploymentMode.Embedded)
                ProcessUser.SwitchToOwnerOf(settings.DataDirectory);
            return ServerHost.RunAsync(settings, listen, cancellationToken);
        });
    }
}
