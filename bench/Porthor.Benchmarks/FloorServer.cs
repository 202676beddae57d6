using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Porthor.Testing;
using Porthor.Tokens;
using StackExchange.Redis;

namespace Porthor.Benchmarks;

/// <summary>The lower bounds for answering a proxy: Kestrel and three headers, without a store, or with one read of 600 bytes.</summary>
internal static class FloorServer
{
    private static readonly byte[] Record = RandomNumberGenerator.GetBytes(600);

    /// <summary>The headers with which a proxy describes the user's request.</summary>
    public static IReadOnlyList<(string Name, string Value)> ProxyHeaders { get; } =
        [("X-Original-URL", "https://example.com/some/page"), ("X-Original-Method", "GET"), ("X-Forwarded-For", "192.0.2.7")];

    /// <summary>Returns the request that Porthor receives, with all its headers.</summary>
    public static WrkRequest Ask(WebApplication app) => new(
        new Uri(new Uri(app.Urls.First()), "/ingress/auth?scope=read:all&service=portal"),
        [.. ProxyHeaders, ("Authorization", $"Bearer {Token.Create().Reveal()}")]);

    public static Task<WebApplication> BareAsync() => StartAsync(_ => Task.CompletedTask);

    public static async Task<WebApplication> RedisAsync(RedisServerProcess server)
    {
        var redis = (await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{server.Port}")).GetDatabase(server.NextDatabase());
        await redis.StringSetAsync("token:floor", Record);
        return await StartAsync(async _ =>
        {
            byte[]? value = await redis.StringGetAsync("token:floor");
            if (value?.Length != Record.Length)
                throw new InvalidOperationException("The record is not there.");
        });
    }

    public static async Task<WebApplication> PostgresAsync(string connectionString)
    {
        var source = NpgsqlDataSource.Create(connectionString);
        await using (var create = source.CreateCommand("CREATE TABLE floor_record (token text PRIMARY KEY, record bytea)"))
            await create.ExecuteNonQueryAsync();
        await using (var insert = source.CreateCommand("INSERT INTO floor_record VALUES ('floor', $1)"))
        {
            insert.Parameters.AddWithValue(Record);
            await insert.ExecuteNonQueryAsync();
        }
        return await StartAsync(async context =>
        {
            await using var connection = await source.OpenConnectionAsync(context.RequestAborted);
            await using var command = new NpgsqlCommand("SELECT record FROM floor_record WHERE token = $1", connection);
            command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = "floor" });
            await command.PrepareAsync(context.RequestAborted);
            if (((byte[]?)await command.ExecuteScalarAsync(context.RequestAborted))?.Length != Record.Length)
                throw new InvalidOperationException("The record is not there.");
        });
    }

    private static async Task<WebApplication> StartAsync(Func<HttpContext, Task> read)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0").ConfigureKestrel(kestrel => kestrel.AddServerHeader = false);
        builder.Services.AddRoutingCore();
        var app = builder.Build();
        app.Run(async context =>
        {
            await read(context);
            var headers = context.Response.Headers;
            headers["X-Auth-Request-User"] = "someuser";
            headers["X-Auth-Request-Email"] = "someuser@example.com";
            headers["X-Auth-Request-Service"] = "portal";
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = 15;
            await context.Response.Body.WriteAsync("""{"status":"ok"}"""u8.ToArray());
        });
        await app.StartAsync();
        return app;
    }
}
