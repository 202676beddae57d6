using System.Diagnostics;
using Porthor.Server.Configuration;
using Porthor.Server.Platform;
using Porthor.Sql.Schema;

namespace Porthor.Server.Hosting;

/// <summary>
/// Checks a deployment before the server or a command uses it. The database must respond and have the current schema. The configuration
/// must select the mode in which the deployment was created, and contain the session secrets that encrypted the records.
/// </summary>
internal static partial class StartupValidation
{
    private const string ModeSetting = "mode";
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(2);

    /// <summary>The maximum time that a command waits for the database.</summary>
    private static readonly TimeSpan CommandTimeout = TimeSpan.FromSeconds(10);

    /// <summary>
    /// Checks the deployment for the server. Creates the schema in an empty database and updates Porthor's own tables. If the database is
    /// not available, repeats all steps until <see cref="PorthorSettings.StartTimeout"/>.
    /// </summary>
    /// <exception cref="StartException">The deployment cannot be used with this configuration.</exception>
    public static Task ForServerAsync(
        PorthorDeployment core, CancellationToken cancellationToken, SecretRequirement secrets = SecretRequirement.All) =>
        WhenAvailableAsync(
            core, core.Settings.StartTimeout, () => CheckForServerAsync(core, secrets, cancellationToken), cancellationToken);

    /// <summary>Checks the deployment for a command that works on an existing one.</summary>
    /// <param name="secrets">The session secrets that the command needs.</param>
    /// <exception cref="StartException">There is no deployment, or it cannot be used with this configuration.</exception>
    public static Task ForCommandAsync(
        PorthorDeployment core, CancellationToken cancellationToken, SecretRequirement secrets = SecretRequirement.All) =>
        WhenAvailableAsync(core, CommandTimeoutOf(core), () => CheckForCommandAsync(core, secrets, cancellationToken), cancellationToken);

    /// <summary>
    /// Creates the exception for a database without tables, in which case the directory or the name of the database is probably wrong.
    /// </summary>
    public static StartException MissingDeployment(PorthorSettings settings) =>
        new(DataDirectory.MissingMessage(DeploymentText.PlaceOf(settings)));

    /// <summary>Returns the state of the schema, for commands.</summary>
    public static async Task<SchemaState> StateAsync(PorthorDeployment core, CancellationToken cancellationToken)
    {
        var state = SchemaState.Empty;
        await WhenAvailableAsync(
            core, CommandTimeoutOf(core), async () => state = await core.Sql.Schema.CheckAsync(cancellationToken), cancellationToken);
        return state;
    }

    private static async Task CheckForServerAsync(
        PorthorDeployment core, SecretRequirement secrets, CancellationToken cancellationToken)
    {
        switch (await core.Sql.Schema.CheckAsync(cancellationToken))
        {
            case SchemaState.Outdated:
                throw new StartException(
                    $"Database schema out of date: Porthor needs revision {SchemaScripts.Head}. Run 'porthor update-schema'.");
            case SchemaState.Empty:
                await core.Sql.Schema.InitializeAsync(cancellationToken);
                break;
            case SchemaState.LacksOwn:
                await RefuseForeignRecordStoreAsync(core, cancellationToken);
                await core.Sql.Schema.InitializeAsync(cancellationToken);
                break;
            case SchemaState.OwnOutdated:
                await core.Sql.Schema.InitializeAsync(cancellationToken);
                break;
        }
        await CheckModeAsync(core, cancellationToken);
        if (secrets == SecretRequirement.None)
            return;
        await SessionSecretCheck.RequireAsync(core, secrets, cancellationToken);
        await SessionSecretCheck.RecordUseAsync(core, cancellationToken);
    }

    private static async Task CheckForCommandAsync(
        PorthorDeployment core, SecretRequirement secrets, CancellationToken cancellationToken)
    {
        switch (await core.Sql.Schema.CheckAsync(cancellationToken))
        {
            case SchemaState.Current:
                break;
            case SchemaState.LacksOwn:
                await RefuseForeignRecordStoreAsync(core, cancellationToken);
                await core.Sql.Schema.InitializeAsync(cancellationToken);
                break;
            case SchemaState.OwnOutdated:
                await core.Sql.Schema.InitializeAsync(cancellationToken);
                break;
            case SchemaState.Empty:
                throw MissingDeployment(core.Settings);
            default:
                throw new StartException("Database schema is not current");
        }
        await CheckModeAsync(core, cancellationToken);
        await SessionSecretCheck.RequireAsync(core, secrets, cancellationToken);
    }

    private static TimeSpan CommandTimeoutOf(PorthorDeployment core) =>
        CommandTimeout < core.Settings.StartTimeout ? CommandTimeout : core.Settings.StartTimeout;

    /// <summary>
    /// Runs steps that need the database. If it is not available, repeats them, because it may start at the same time as Porthor.
    /// </summary>
    private static async Task WhenAvailableAsync(
        PorthorDeployment core, TimeSpan timeout, Func<Task> steps, CancellationToken cancellationToken)
    {
        var logger = core.Loggers.CreateLogger(typeof(StartupValidation));
        // Real time, because the database does not depend on the clock of the tokens.
        var begun = Stopwatch.GetTimestamp();
        while (true)
        {
            try
            {
                await steps();
                return;
            }
            catch (StoreUnavailableException e) when (e.IsPermanent)
            {
                throw new StartException($"Cannot connect to the database: {e.Reason}. Check databaseUrl and databasePassword.", e);
            }
            catch (StoreUnavailableException e) when (Stopwatch.GetElapsedTime(begun) + Pause > timeout)
            {
                throw new StartException($"Cannot connect to the database: {e.Reason ?? e.InnerException?.Message ?? e.Message}", e);
            }
            catch (StoreUnavailableException e)
            {
                Log.NotReady(logger, e.Reason ?? e.InnerException?.Message ?? e.Message);
                await Task.Delay(Pause, cancellationToken);
            }
            catch (SchemaException e)
            {
                throw new StartException(e.Message, e);
            }
        }
    }

    /// <summary>
    /// Throws if the token list of the database has tokens in database mode. The reference created it, and its records are in Redis.
    /// Without Redis every token would be denied, so a missing variable must prevent the start.
    /// </summary>
    private static async Task RefuseForeignRecordStoreAsync(PorthorDeployment core, CancellationToken cancellationToken)
    {
        if (core.Settings.Mode == DeploymentMode.Database
            && (await core.Sql.TokenIndex.ReadAsync(after: null, 1, cancellationToken)).Count > 0)
            throw new StartException(
                "The database has tokens whose records are in Redis: set redisPersistentUrl and redisEphemeralUrl as well.");
    }

    /// <summary>
    /// Requires the mode in which the deployment was created. A missing variable must not change the mode of a deployment.
    /// </summary>
    private static async Task CheckModeAsync(PorthorDeployment core, CancellationToken cancellationToken)
    {
        var mode = core.Settings.Mode.ToString().ToLowerInvariant();
        var createdIn = await core.Sql.Settings.GetAsync(ModeSetting, cancellationToken);
        if (createdIn is null)
            await core.Sql.Settings.SetAsync(ModeSetting, mode, cancellationToken);
        else if (createdIn != mode)
            throw new StartException(
                $"This deployment was created in {createdIn} mode, but the configuration selects {mode} mode. "
                + ModeSettings.Explain(core.Settings.Mode, createdIn));
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "database not ready, waiting two seconds")]
        public static partial void NotReady(ILogger logger, string error);
    }
}
