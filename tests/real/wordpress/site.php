<?php
/* A real WordPress (Debian's package) for php's own web server: the REST interface and nothing else.
 * `php site.php install` makes the site and prints its people: one "USER:APPLICATION PASSWORD" a line. */
$place = getenv('ANSWERD_WORDPRESS');
$home = getenv('ANSWERD_WORDPRESS_URL');
$_SERVER['HTTP_HOST'] = substr($home, strlen('http://'));
define('DB_NAME', 'wordpress');
define('DB_USER', 'root');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:' . $place . '/socket');
define('WP_HOME', $home);
define('WP_SITEURL', $home);
define('WP_HTTP_BLOCK_EXTERNAL', true);
define('DISABLE_WP_CRON', true);
define('WP_ENVIRONMENT_TYPE', 'local'); /* application passwords without TLS */
foreach (array('AUTH_KEY', 'SECURE_AUTH_KEY', 'LOGGED_IN_KEY', 'NONCE_KEY', 'AUTH_SALT', 'SECURE_AUTH_SALT', 'LOGGED_IN_SALT', 'NONCE_SALT') as $name) {
	define($name, hash('sha256', $place . $name));
}
$table_prefix = 'wp_';
define('ABSPATH', '/usr/share/wordpress/');

if (PHP_SAPI !== 'cli') {
	require_once ABSPATH . 'wp-settings.php';
	wp(); /* answers /wp-json/ and ends */
	http_response_code(404);
	header('Content-Type: text/html');
	echo '<!DOCTYPE html><title>Page not found</title>';
	exit;
}

define('WP_INSTALLING', true);
require_once ABSPATH . 'wp-settings.php';
require_once ABSPATH . 'wp-admin/includes/upgrade.php';
add_filter('pre_wp_mail', '__return_true');
wp_install('Loaf', 'baker', 'baker@shop.example', true, '', wp_generate_password());
update_option('permalink_structure', '/%postname%/');
update_option('timezone_string', 'America/New_York');
update_option('comment_previously_approved', 0);
$wp_rewrite->init();
$wp_rewrite->flush_rules(false);
wp_delete_comment(1, true);
foreach (array('baker' => 'administrator', 'ann' => 'subscriber', 'bob' => 'subscriber') as $name => $role) {
	$user = get_user_by('login', $name);
	$id = $user ? $user->ID : wp_insert_user(array('user_login' => $name, 'user_pass' => wp_generate_password(), 'user_email' => $name . '@shop.example',
		'role' => $role, 'display_name' => $name));
	list($password) = WP_Application_Passwords::create_new_application_password($id, array('name' => 'answerd'));
	echo $name, ':', $password, "\n";
}
