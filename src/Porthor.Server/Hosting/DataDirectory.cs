using System.Diagnostics.CodeAnalysis;
using Porthor.Secrets;
using Porthor.Tokens;

namespace Porthor.Server.Hosting;

/// <summary>
/// Embedded mode's folder: the database and the two secrets, readable by their owner alone. What is missing is made once and
/// used from then on.
/// </summary>
internal sealed class DataDirectory
{
    private const string DatabaseName = "porthor.db";
    private const UnixFileMode OwnerOnlyFolder = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private const UnixFileMode OwnerOnlyFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    private DataDirectory(string path, FernetKey[] sessionKeys, Token bootstrapToken, bool isNew)
    {
        Path = path;
        SessionKeys = sessionKeys;
        BootstrapToken = bootstrapToken;
        IsNew = isNew;
    }

    public string Path { get; }

    /// <summary>True if this start made it.</summary>
    public bool IsNew { get; }

    public IReadOnlyList<FernetKey> SessionKeys { get; }

    public Token BootstrapToken { get; }

    public string DatabasePath => System.IO.Path.Combine(Path, DatabaseName);

    public string BootstrapTokenPath => System.IO.Path.Combine(Path, "bootstrap-token");

    /// <summary>Opens the folder, and makes it if it does not exist.</summary>
    /// <exception cref="StartException">It cannot be written to, or a secret in it cannot be used.</exception>
    public static DataDirectory Open(string path)
    {
        try
        {
            var isNew = !Directory.Exists(path);
            CreateFolder(path);
            var sessionSecret = ReadOrMake(System.IO.Path.Combine(path, "session-secret"), () => FernetKey.Create().Reveal());
            var bootstrapToken = ReadOrMake(System.IO.Path.Combine(path, "bootstrap-token"), () => Token.Create().Reveal());
            FernetKey?[] keys = [.. sessionSecret.Split(',', StringSplitOptions.TrimEntries).Select(FernetKey.TryParse)];
            if (keys.Any(key => key is null))
                throw new StartException($"The file session-secret in {path} does not hold a Fernet key.");
            if (!Token.TryParse(bootstrapToken, out var token))
                throw new StartException($"The file bootstrap-token in {path} does not hold a token.");
            CreateDatabaseFile(System.IO.Path.Combine(path, DatabaseName));
            return new DataDirectory(path, keys!, token, isNew);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException($"The data directory {path} cannot be used: {e.Message}", e);
        }
    }

    /// <summary>
    /// Claims the folder for one server; the claim ends with the process, however that ends. Commands beside the server do
    /// not need it.
    /// </summary>
    /// <exception cref="StartException">Another server has it.</exception>
    [SuppressMessage("Reliability", "CA2000:Dispose objects before losing scope", Justification = "The caller holds the lock.")]
    public IDisposable Claim()
    {
        var lockPath = System.IO.Path.Combine(Path, "lock");
        try
        {
            return new FileStream(lockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);
        }
        catch (IOException e)
        {
            throw new StartException($"Another server is running on the data directory {Path}.", e);
        }
    }

    private static void CreateFolder(string path)
    {
        if (OperatingSystem.IsWindows())
            Directory.CreateDirectory(path);
        else
            Directory.CreateDirectory(path, OwnerOnlyFolder);
    }

    /// <summary>SQLite gives the files beside the database the mode of the database; an empty file is a new database.</summary>
    private static void CreateDatabaseFile(string path)
    {
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnlyFile;
        new FileStream(path, options).Dispose();
    }

    /// <summary>A file's text, or a new one. Written aside and linked into place, so that two starts at once agree on one.</summary>
    private static string ReadOrMake(string path, Func<string> make)
    {
        if (!File.Exists(path))
        {
            var draft = $"{path}.{Guid.NewGuid():N}";
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
                options.UnixCreateMode = OwnerOnlyFile;
            using (var file = new FileStream(draft, options))
            {
                file.Write(System.Text.Encoding.ASCII.GetBytes(make() + "\n"));
                file.Flush(flushToDisk: true);
            }
            try
            {
                File.Move(draft, path, overwrite: false);
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(draft);
            }
        }
        return File.ReadAllText(path).Trim();
    }
}

/// <summary>Porthor cannot start, for a reason that one sentence tells.</summary>
internal sealed class StartException(string message, Exception? cause = null) : Exception(message, cause);
